"""Work orders of hotlines (12345, 12319): received, handed on, and kept in step with their cases."""
