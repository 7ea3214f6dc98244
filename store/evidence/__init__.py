"""What came back of what was sent: bounces, answers, legs of calls, pages opened, prices."""
