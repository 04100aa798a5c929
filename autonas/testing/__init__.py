"""Conformance suites: what any member of a plural folder has to do, shipped for your own members' tests."""
