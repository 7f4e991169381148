# The path at which older expressions look for the constructor functions.
import ./constructors/constructors.nix
