from angzarr_domain.cli import main

raise SystemExit(main())
