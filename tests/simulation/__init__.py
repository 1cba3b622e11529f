"""The whole bot in one thread, driven by a seed: histories full of faults, and a checker that trusts nobody."""
