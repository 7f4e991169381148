# The place of this file in older checkouts.

import ../../backends/systemd/generate-systemd-service.nix
