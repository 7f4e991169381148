# The place of this file in older checkouts.

import ../../backends/systemd/create-systemd-service.nix
