# The shared libraries that several programs need, each group a package, so that
# an image has them once. All others are copied into the package that needs them.
# A group may need those before it.
#
# A package is made anew when one of its files has changed on the host.
{ host, lib }:

let
  dirs = lib.concatMap (dir: [ "/lib/${dir}" "/usr/lib/${dir}" ])
    [ "x86_64-linux-gnu" "aarch64-linux-gnu" "" "../lib64" ];

  groups = [
    {
      name = "libc";
      files = [
        "ld-linux-x86-64.so.2" "ld-linux-aarch64.so.1" "libc.so.6" "libm.so.6" "libdl.so.2" "libpthread.so.0" "librt.so.1"
        "libutil.so.1" "libresolv.so.2" "libanl.so.1" "libnss_files.so.2" "libnss_dns.so.2" "libgcc_s.so.1"
      ];
    }
    { name = "libstdcxx"; files = [ "libstdc++.so.6" ]; }
    { name = "zlib"; files = [ "libz.so.1" ]; }
    { name = "bzip2-lib"; files = [ "libbz2.so.1.0" ]; }
    { name = "xz-lib"; files = [ "liblzma.so.5" ]; }
    { name = "zstd-lib"; files = [ "libzstd.so.1" "liblz4.so.1" ]; }
    { name = "libxcrypt"; files = [ "libcrypt.so.1" ]; }
    { name = "selinux"; files = [ "libpcre2-8.so.0" "libselinux.so.1" ]; }
    { name = "permissions"; files = [ "libacl.so.1" "libattr.so.1" "libcap.so.2" "libcap-ng.so.0" "libaudit.so.1" "libpam.so.0" "libpam_misc.so.0" ]; }
    { name = "terminal"; files = [ "libtinfo.so.6" "libncursesw.so.6" "libreadline.so.8" "libhistory.so.8" ]; }
    { name = "disks"; files = [ "libblkid.so.1" "libuuid.so.1" "libmount.so.1" "libsmartcols.so.1" "libfdisk.so.1" ]; }
    { name = "openssl"; files = [ "libcrypto.so.3" "libssl.so.3" "libcrypto.so.1.1" "libssl.so.1.1" ]; }
    { name = "systemd-lib"; files = [ "libgpg-error.so.0" "libgcrypt.so.20" "libsystemd.so.0" ]; }
    { name = "sqlite-lib"; files = [ "libsqlite3.so.0" ]; }
  ];

  make = before: group:
    let
      paths = builtins.filter (path: path != null) (map (file: host.firstPath (map (dir: "${dir}/${file}") dirs)) group.files);
      package = host.shellDerivation group.name {
        inherit paths;
        contents = map (builtins.hashFile "sha256") paths;
        containLibraries = before;
        contain = ./contain.sh;
      } ''
        mkdir -p "$out/lib"
        cp -L $paths "$out/lib/"
        # The loader and libc find nothing by a search path, they are found.
        if [ -n "$containLibraries" ]; then
          . "$contain"
          containTree
        fi
      '';
    in
    before ++ lib.optional (paths != [ ]) package;
in
lib.foldl' make [ ] groups
