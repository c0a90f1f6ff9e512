"""Rules: one file a kind, listed in one explicit table."""

from detector.rules.base import Rule, RuleConfig
from detector.rules.table import RULES, AnyRuleConfig, rule_for

__all__ = ["RULES", "AnyRuleConfig", "Rule", "RuleConfig", "rule_for"]
