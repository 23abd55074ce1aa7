"""Running conformance checks on a real link, and the reports of a run."""
