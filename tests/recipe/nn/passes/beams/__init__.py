"""The pass that makes plain ops of choices: programs before and after it, and a plain search."""
