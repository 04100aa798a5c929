"""Conformance suites: what any member of a plural folder has to do, shipped so that your own members can be held to it."""
