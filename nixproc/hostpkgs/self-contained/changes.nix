# Where a copy needs more than links do, or other things: entries as those of
# host-programs.nix, in their place.
{ host, lib, programs }:

let
  entries = import ../host-programs.nix;

  pythons = map (number: "python3.${toString number}") (lib.reverseList (lib.range 7 14));
  # The newest that the host has with its modules.
  python = lib.findFirst (name: builtins.pathExists "/usr/bin/${name}" && builtins.pathExists "/usr/lib/${name}/os.py") "python3" pythons;
  without = names: entry: entry // { programs = builtins.filter (program: !(builtins.elem program names)) entry.programs; };
in
{
  bash = entries.bash // { programs = [ "bash" ]; also.sh = "bash"; };

  # These ask PAM, which looks for its modules in the host's directories.
  su = { debian = "busybox-static"; also.su = "busybox"; };
  shadow = without [ "su" "login" ] entries.shadow;
  util-linux = without [ "su" "runuser" "login" ] entries.util-linux;

  # On a host with systemd the others are names of systemctl.
  sysvinit = entries.sysvinit // { programs = [ "pidof" "killall5" "fstab-decode" "bootlogd" "startpar" ]; };
  nodejs = without [ "npm" ] entries.nodejs;

  # Where a request's body is kept is a directory that only the host has. The
  # other name is as long, and its parent is everywhere.
  nginx = entries.nginx // {
    files."conf/mime.types" = [ "/etc/nginx/mime.types" "/etc/mime.types" ];
    finish = ''
      sed -i 's#/var/lib/nginx/\(body\|proxy\|fastcgi\|uwsgi\|scgi\)#/tmp/////nginx_\1#g' "$out/bin/nginx"
    '';
  };

  # Nix calls its own programs by the paths that it was compiled with.
  nix = entries.nix // {
    finish = ''
      mkdir -p "$out/libexec/nix"
      mv "$out/bin/nix-store" "$out/libexec/nix/nix"
      ln -s nix "$out/libexec/nix/build-remote"
      cat >"$out/bin/nix-store" <<END
      #!${programs.bash}/bin/bash
      export NIX_BIN_DIR=''${NIX_BIN_DIR-$out/bin} NIX_LIBEXEC_DIR=''${NIX_LIBEXEC_DIR-$out/libexec}
      exec -a "\$0" $out/libexec/nix/nix "\$@"
      END
      chmod 755 "$out/bin/nix-store"
    '';
  };

  # Without what nobody runs in a container: tests, the graphical interface, the
  # compiler's headers. Root of a container could write into its store, so that
  # Python must not keep what it has compiled; these modules come before it knows.
  python3 = {
    debian = "python3";
    programs = [ python ];
    also.python3 = python;
    finish = ''
      mkdir -p "$out/lib"
      cp -RL /usr/lib/${python} "$out/lib/" 2>/dev/null || [ -e "$out/lib/${python}/os.py" ]
      cd "$out/lib/${python}"
      chmod -R u+w .
      rm -rf test idlelib tkinter turtledemo turtle.py lib2to3 ensurepip pydoc_data distutils/tests config-3* sitecustomize.py \
        lib-dynload/_tkinter* lib-dynload/_test* lib-dynload/_dbm* lib-dynload/_gdbm* lib-dynload/_xx*
      find . -name __pycache__ -prune -exec rm -rf {} +
      find . -name '*.py' -exec chmod a-x {} +
      echo 'import sys; sys.dont_write_bytecode = True' >sitecustomize.py
      PYTHONHASHSEED=0 "$out/bin/${python}" -B -m compileall -q --invalidation-mode unchecked-hash encodings sitecustomize.py
      cd - >/dev/null
    '';
  };

  supervisor = entries.supervisor // {
    scripts = [ "${programs.python3}/bin/python3" ];
    files = lib.genAttrs [ "lib/python3/dist-packages/supervisor" "lib/python3/dist-packages/pkg_resources" ] (path: [ "/usr/${path}" ]);
    finish = ''
      cp -RL /usr/lib/python3/dist-packages/supervisor-*-info "$out/lib/python3/dist-packages/"
      find "$out/lib" -name __pycache__ -prune -exec rm -rf {} +
      sed -i "1a import sys; sys.path.insert(0, '$out/lib/python3/dist-packages')" "$out"/bin/*
    '';
  };

  # Git looks for its helpers where it was compiled to.
  git = entries.git // {
    files."libexec/git-core/git-remote-http" = [ "/usr/lib/git-core/git-remote-http" "/usr/libexec/git-core/git-remote-http" ];
    finish = ''
      cd "$out/libexec/git-core"
      mv "$out/bin/git" .
      for name in git-remote-https git-upload-pack git-receive-pack; do
        case $name in git-remote-*) ln -s git-remote-http $name ;; *) ln -s git $name ;; esac
      done
      cd - >/dev/null
      printf '#!%s\nexport GIT_EXEC_PATH=%s\nexec %s "$@"\n' \
        ${programs.bash}/bin/bash "$out/libexec/git-core" "$out/libexec/git-core/git" >"$out/bin/git"
      chmod 755 "$out/bin/git"
    '';
  };

  cacert = {
    debian = "ca-certificates";
    files."etc/ssl/certs/ca-bundle.crt" = [ "/etc/ssl/certs/ca-certificates.crt" "/etc/pki/tls/certs/ca-bundle.crt" ];
  };
}
