"""Make the messages anew from proto/, after a change there.

    python examples/bank/generate.py [--check]

Run as a script, so that it works even while the package cannot be imported for lack of a message.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from angzarr_domain.codegen import generate

HERE = Path(__file__).parent


def main() -> int:
    """Write the modules; with --check write nothing, and return 1 if any is not current."""
    parser = argparse.ArgumentParser(description="Make the messages anew.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a module is not current")
    check: bool = parser.parse_args().check
    changed = generate(sorted(HERE.glob("proto/bank/*/*.proto")), HERE / "messages", check=check)
    for path in changed:
        print(f"{'not current' if check else 'wrote'}: {path}")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
