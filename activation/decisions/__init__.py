"""The plain reference of the policy; backtest, explain."""
