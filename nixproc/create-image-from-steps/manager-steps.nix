# The steps of one process manager.

processManager: steps:

if steps ? ${processManager} then import steps.${processManager}
else throw "there are no images with the process manager '${processManager}', which would have to live in a container: use one of ${builtins.concatStringsSep ", " (builtins.attrNames steps)}"
