# Changes one process of a model, so that an upgrade restarts it and no other: it
# gets a variable of its environment, or a comment in its script. Gives the changed
# model and the name of the process; null if there is none that can be changed.

processManager: processes:

let
  specificationOf = name: processes.${name}.pkg.nixproc or { };

  withVariable = parameters: parameters // {
    environment = parameters.environment // { NIXPROC_TEST_CHANGED = "1"; };
  };

  # Behind the first line, which says what reads the script.
  withComment = text:
    let parts = builtins.match "(#![^\n]*\n)?(.*)" text; in
    (if builtins.head parts == null then "" else builtins.head parts) + "# changed\n" + builtins.elemAt parts 1;

  changes = {
    docker = parameters: parameters // {
      createParameters = parameters.createParameters ++ [ "--env" "NIXPROC_TEST_CHANGED=1" ];
    };
    s6-rc = parameters:
      let
        service = parameters.services.${parameters.main};
        file = if service ? run.text then "run" else "up";
      in
      if !(service ? ${file}.text) then null
      else parameters // {
        services = parameters.services // {
          ${parameters.main} = service // { ${file}.text = withComment service.${file}.text; };
        };
      };
    supervisord = withVariable;
    systemd = withVariable;
    sysvinit = withVariable;
  };

  changedParameters = name:
    let specification = specificationOf name; in
    if specification ? parameters && changes ? ${processManager} then changes.${processManager} specification.parameters
    else null;

  names = builtins.attrNames processes;
  needed = builtins.concatMap (name: (specificationOf name).dependencies or [ ]) names;

  # Some managers restart what depends on a process as well.
  candidates = builtins.filter
    (name: changedParameters name != null && !(builtins.elem (specificationOf name).name needed))
    names;

  chosen = builtins.head candidates;
  process = processes.${chosen};
in
if candidates == [ ] then null
else {
  process = process.pkg.nixproc.name;
  processes = processes // {
    ${chosen} = process // {
      pkg = process.pkg // {
        nixproc = process.pkg.nixproc // { parameters = changedParameters chosen; };
      };
    };
  };
}
