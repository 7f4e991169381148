# The place of this file in older checkouts.

import ../../backends/disnix/generate-process-script.nix
