int lunch_break() { return 12; }
