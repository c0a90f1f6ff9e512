"""Alarms: what ops should look after, found in the heartbeats, acknowledged by name."""
