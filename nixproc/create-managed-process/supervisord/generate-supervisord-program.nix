# The place of this file in older checkouts.

import ../../backends/supervisord/generate-supervisord-program.nix
