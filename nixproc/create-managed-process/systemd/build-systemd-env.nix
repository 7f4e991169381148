# The place of this file in older checkouts.

import ../../backends/systemd/build-systemd-env.nix
