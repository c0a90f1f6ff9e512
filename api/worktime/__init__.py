"""Working hours, holidays and deadlines."""
