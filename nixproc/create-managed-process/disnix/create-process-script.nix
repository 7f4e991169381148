# The place of this file in older checkouts.

import ../../backends/disnix/create-process-script.nix
