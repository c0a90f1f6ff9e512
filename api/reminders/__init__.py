"""Reminders to correct (提醒单): numbered, printed, served, and looked at again after their deadline."""
