#!/bin/sh
# Records what the installed Nix says and writes, for the tests of this package:
#
#     sh record.sh            (in this directory)
#
# The samples here are Nix 2.8.0's. @dir@ in them stands for a directory that
# has the model (a), the Nix files of this project (framework) and a store.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
export HOME="$dir" NIX_STORE_DIR="$dir/store" NIX_STATE_DIR="$dir/var" NIX_LOG_DIR="$dir/log" NIX_CONF_DIR="$dir/etc"
unset NIX_PATH NIX_CONFIG NIX_REMOTE
mkdir "$dir/etc" "$dir/models" "$dir/framework"
printf 'build-users-group =\nsandbox = false\nsubstitute = false\nmax-jobs = 2\n' > "$dir/etc/nix.conf"
cp -R "$here/../../nixproc" "$dir/framework/nixproc"
nix-store --init

clean() { sed -e "s|$dir|@dir@|g"; }

evaluate() {
    name=$1
    shift
    nix-instantiate --log-format internal-json --show-trace -E "$(cat "$dir/framework/nixproc/deployment.nix")" \
        --argstr exprFile "$dir/models/$name.nix" --argstr processManager sysvinit \
        --argstr callingUser nobody --argstr callingGroup nogroup \
        --arg nixprocBinary '"/bin/sh"' "$@" 2> "$dir/stderr" > /dev/null || true
    # The text of our expression, which Nix takes for the name of a file, would
    # make the samples long and change them each time.
    python3 -c '
import json, sys
for line in sys.stdin:
    if line.startswith("@nix "):
        message = json.loads(line[5:])
        for place in [message] + (message.get("trace") or []):
            if "\n" in (place.get("file") or ""):
                place["file"] = "# The one evaluation of a switch\n"
        if "msg" in message and len(message["msg"]) > 2000:
            message["msg"] = message["msg"][:2000]
        line = "@nix " + json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n"
    sys.stdout.write(line)' < "$dir/stderr" | clean > "$here/$name.stderr"
}

stdenv='{ stdenv = { shell = "/bin/sh"; system = builtins.currentSystem; mkDerivation = x: x; }; lib = { }; writeTextFile = x: x; daemon = "/usr"; coreutils = "/c"; gnused = "/s"; gnugrep = "/g"; inetutils = "/i"; sysvinit = "/v"; }'
model() {
    cat > "$dir/models/$1.nix" <<END
{ processManager, ... }:
let
  create = import ../framework/nixproc/create-managed-process/universal/create-managed-process-universal.nix {
    pkgs = $stdenv;
    stateDir = "/var"; runtimeDir = "/var/run"; logDir = "/var/log"; tmpDir = "/tmp"; inherit processManager;
  };
in
$2
END
}

model undefined-variable '{ web.pkg = create { process = nonsuch; }; }'
model throw '{ web.pkg = create (throw "no such luck"); }'
model throw-in-argument '{ web.pkg = create { name = "web"; process = "/bin/true"; args = [ (throw "no such luck") ]; }; }'
model function-as-text '{ web.pkg = create { name = "web"; process = "/bin/true"; environment.PORT = x: x; }; }'
model unexpected-argument '{ web.pkg = create { name = "web"; colour = "red"; }; }'
model syntax-error '{ web.pkg = create { ; }; }'
model traces 'builtins.trace "one" { web = builtins.trace { two = 2; } { pkg = { name = "web"; outPath = "/x"; }; }; }'
model stack-overflow 'let f = x: 1 + f (x + 1); in { web.port = f 1; web.pkg = throw (toString (f 1)); }'
model extra-params '{ }'
model no-daemon '{ }'
for name in undefined-variable throw throw-in-argument function-as-text unexpected-argument syntax-error traces stack-overflow; do
    evaluate "$name"
done
evaluate extra-params --arg extraParams '{ port = nonsuch; }'
NIX_REMOTE=unix:///nonexistent evaluate no-daemon

# Two builders at work at the same time, of which one fails.
failing=$(nix-instantiate -E '
  let
    drv = name: script: derivation { inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "PATH=/usr/bin:/bin; ${script}" ]; };
  in drv "both" "${drv "works" "echo works 1; sleep 1; echo works 2; sleep 3; echo > $out"} ${drv "fails" "sleep .5; i=0; while [ $i -lt 30 ]; do i=$((i + 1)); echo fails $i; done; sleep 1; echo no such luck >&2; exit 3"}"' 2> "$dir/stderr")
nix-store --log-format internal-json --realise "$failing" 2>&1 > /dev/null | clean > "$here/failing-build.stderr" || true

# Derivations, and which of them a binary cache could be asked for.
rm -rf "$here/derivations"
mkdir "$here/derivations"
nix-instantiate -E '
  let
    drv = name: more: derivation ({ inherit name; system = builtins.currentSystem; builder = "/bin/sh"; } // more);
    here = { allowSubstitutes = false; };
    structured = { __structuredAttrs = true; };
    plain = drv "plain" { outputs = [ "out" "doc" ]; };
    local = drv "local" here;
    through = drv "through" (here // { input = plain; });
    profile = name: inputs: drv name (here // structured // { model = { inherit inputs; }; });
  in [
    (profile "profile-empty" [ ])
    (profile "profile-local" [ local (drv "local-structured" (here // structured)) ])
    (profile "profile-plain" [ local plain ])
    (profile "profile-doc" [ plain.doc ])
    (profile "profile-structured" [ (drv "plain-structured" structured) ])
    (profile "profile-through" [ through ])
    (profile "profile-both" [ through plain.doc ])
  ]' 2> "$dir/stderr" > /dev/null
for drv in "$dir"/store/*.drv; do
    case $drv in
    *-profile-*.drv | *-plain*.drv | *-local*.drv | *-through.drv)
        clean < "$drv" > "$here/derivations/$(basename "$drv")"
        ;;
    esac
done
