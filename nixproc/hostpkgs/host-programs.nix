# Which programs of the host make which package; host-package.nix says what the
# attributes mean. Adding a package is a line.
let
  # Debian has a directory for each version; the newest that is there counts.
  versions = numbers: path: map (number: builtins.replaceStrings [ "VERSION" ] [ number ] path) numbers;
  php = versions [ "8.4" "8.3" "8.2" "8.1" "7.4" ];

  tomcat = number: {
    debian = "tomcat${number}";
    files = {
      "bin/catalina.sh" = [ "/usr/share/tomcat${number}/bin/catalina.sh" ];
      "bin/startup.sh" = [ "/usr/share/tomcat${number}/bin/startup.sh" ];
      "bin/shutdown.sh" = [ "/usr/share/tomcat${number}/bin/shutdown.sh" ];
      # As it was delivered: /etc has what the administrator made of it, and files that only Tomcat's own user may read.
      conf = [ "/usr/share/tomcat${number}/etc" ];
      lib = [ "/usr/share/tomcat${number}/lib" ];
      "webapps/ROOT" = [ "/usr/share/tomcat${number}-root/default_root" ];
    };
    passthru = package: { webapps = package; };
  };
in
{
  # Programs that models put into the PATH of every process: whatever the host has of them.
  sysvinit = { optional = true; debian = "sysvinit-core"; programs = [ "init" "telinit" "runlevel" "killall5" "pidof" "halt" "reboot" "poweroff" "shutdown" "fstab-decode" "bootlogd" "startpar" ]; };
  inetutils = { optional = true; debian = "inetutils-tools"; programs = [ "hostname" "ping" "ping6" "telnet" "ftp" "tftp" "logger" "whois" "traceroute" "ifconfig" "dnsdomainname" "rcp" "rlogin" "rsh" "talk" ]; files = { "libexec/telnetd" = [ "/usr/sbin/telnetd" "/usr/sbin/in.telnetd" ]; "libexec/tftpd" = [ "/usr/sbin/tftpd" "/usr/sbin/in.tftpd" ]; }; };

  coreutils = {
    debian = "coreutils";
    programs = [
      "ls" "[" "b2sum" "base32" "base64" "basename" "basenc" "cat" "chcon" "chgrp" "chmod" "chown" "chroot" "cksum" "comm" "cp"
      "csplit" "cut" "date" "dd" "df" "dir" "dircolors" "dirname" "du" "echo" "env" "expand" "expr" "factor" "false" "fmt"
      "fold" "groups" "head" "hostid" "id" "install" "join" "link" "ln" "logname" "md5sum" "mkdir" "mkfifo" "mknod" "mktemp"
      "mv" "nice" "nl" "nohup" "nproc" "numfmt" "od" "paste" "pathchk" "pinky" "pr" "printenv" "printf" "ptx" "pwd" "readlink"
      "realpath" "rm" "rmdir" "runcon" "seq" "sha1sum" "sha224sum" "sha256sum" "sha384sum" "sha512sum" "shred" "shuf" "sleep"
      "sort" "split" "stat" "stdbuf" "stty" "sum" "sync" "tac" "tail" "tee" "test" "timeout" "touch" "tr" "true" "truncate"
      "tsort" "tty" "uname" "unexpand" "uniq" "unlink" "uptime" "users" "vdir" "wc" "who" "whoami" "yes"
    ];
  };
  gnused = { debian = "sed"; programs = [ "sed" ]; };
  gnugrep = { debian = "grep"; programs = [ "grep" "egrep" "fgrep" ]; };
  gawk = { debian = "gawk"; programs = [ "awk" "gawk" ]; };
  findutils = { debian = "findutils"; programs = [ "find" "xargs" ]; };
  diffutils = { debian = "diffutils"; programs = [ "diff" "cmp" "diff3" "sdiff" ]; };
  gnutar = { debian = "tar"; programs = [ "tar" ]; };
  gzip = { debian = "gzip"; programs = [ "gzip" "gunzip" "zcat" ]; };
  bzip2 = { debian = "bzip2"; programs = [ "bzip2" "bunzip2" "bzcat" ]; };
  xz = { debian = "xz-utils"; programs = [ "xz" "unxz" "xzcat" ]; };
  zip = { debian = "zip"; programs = [ "zip" ]; };
  unzip = { debian = "unzip"; programs = [ "unzip" ]; };
  patch = { debian = "patch"; programs = [ "patch" ]; };
  which = { debian = "debianutils"; programs = [ "which" ]; };
  file = { debian = "file"; programs = [ "file" ]; };
  less = { debian = "less"; programs = [ "less" ]; };
  nano = { debian = "nano"; programs = [ "nano" ]; };
  vim = { debian = "vim"; programs = [ "vim" ]; };
  man = { debian = "man-db"; programs = [ "man" ]; };
  bash = { debian = "bash"; programs = [ "bash" "sh" ]; passthru = { shellPath = "/bin/bash"; }; };
  dash = { debian = "dash"; programs = [ "dash" ]; };
  busybox = { debian = "busybox-static"; programs = [ "busybox" ]; };
  getopt = { debian = "util-linux"; programs = [ "getopt" ]; };
  util-linux = { debian = "util-linux"; programs = [ "mount" "umount" "getopt" "flock" "setsid" "kill" "logger" "more" "nsenter" "unshare" "setpriv" "su" "runuser" "agetty" "login" "mountpoint" "findmnt" "lsblk" "dmesg" "hwclock" "losetup" "swapon" "swapoff" "taskset" "chrt" "ionice" "renice" "prlimit" "script" "uuidgen" "column" "rev" "hexdump" "cal" "look" "wall" ]; };
  su = { debian = "util-linux"; programs = [ "su" ]; };
  shadow = { debian = "passwd"; programs = [ "useradd" "userdel" "usermod" "groupadd" "groupdel" "groupmod" "passwd" "chpasswd" "gpasswd" "chage" "pwck" "grpck" "pwconv" "su" "login" "newgrp" "sg" "nologin" "vipw" "vigr" ]; };
  procps = { debian = "procps"; programs = [ "ps" "pgrep" "pkill" "pidof" "pwdx" "free" "top" "uptime" "vmstat" "watch" "w" "sysctl" "kill" ]; };
  psmisc = { debian = "psmisc"; programs = [ "killall" "fuser" "pstree" ]; };
  iproute2 = { debian = "iproute2"; programs = [ "ip" "ss" "bridge" "tc" ]; };
  iputils = { debian = "iputils-ping"; programs = [ "ping" ]; };
  nettools = { debian = "net-tools"; programs = [ "netstat" "ifconfig" "route" "arp" "hostname" ]; };
  netcat = { debian = "netcat-openbsd"; programs = [ "nc" ]; };
  lsof = { debian = "lsof"; programs = [ "lsof" ]; };
  sqlite = { debian = "sqlite3"; programs = [ "sqlite3" ]; };
  strace = { debian = "strace"; programs = [ "strace" ]; };
  kmod = { debian = "kmod"; programs = [ "kmod" "modprobe" "lsmod" "insmod" "rmmod" "depmod" "modinfo" ]; };
  glibc = { debian = "libc-bin"; programs = [ "getent" "ldd" "ldconfig" "iconv" "locale" "localedef" ]; };
  curl = { debian = "curl"; programs = [ "curl" ]; };
  wget = { debian = "wget"; programs = [ "wget" ]; };
  git = { debian = "git"; programs = [ "git" ]; };
  jq = { debian = "jq"; programs = [ "jq" ]; };
  libxslt = { debian = "xsltproc"; programs = [ "xsltproc" ]; };
  rsync = { debian = "rsync"; programs = [ "rsync" ]; };
  openssl = { debian = "openssl"; programs = [ "openssl" ]; };
  perl = { debian = "perl"; programs = [ "perl" ]; };
  python3 = { debian = "python3"; programs = [ "python3" ]; };
  nodejs = { debian = "nodejs"; programs = [ "node" "npm" ]; };
  nix = { debian = "nix-bin"; programs = [ "nix-store" "nix" "nix-build" "nix-channel" "nix-collect-garbage" "nix-copy-closure" "nix-daemon" "nix-env" "nix-hash" "nix-instantiate" "nix-prefetch-url" "nix-shell" ]; };

  # Compilers and what goes with them.
  gcc = { debian = "gcc"; programs = [ "gcc" "cc" "cpp" "g++" "c++" "ld" "as" "ar" "nm" "ranlib" "strip" "objcopy" "objdump" "readelf" "strings" ]; };
  binutils = { debian = "binutils"; programs = [ "ld" "as" "ar" "nm" "ranlib" "strip" "objcopy" "objdump" "readelf" "strings" ]; };
  gnumake = { debian = "make"; programs = [ "make" ]; };
  pkg-config = { debian = "pkg-config"; programs = [ "pkg-config" ]; };
  patchelf = { debian = "patchelf"; programs = [ "patchelf" ]; };
  go = { debian = "golang"; dirs = [ "/usr/local/go/bin" "/usr/lib/go/bin" ]; programs = [ "go" "gofmt" ]; };
  jdk = { debian = "default-jdk-headless"; programs = [ "java" "javac" "jar" ]; };
  jre = { debian = "default-jre-headless"; programs = [ "java" ]; };
  libmicrohttpd = {
    debian = "libmicrohttpd-dev";
    files = {
      "include/microhttpd.h" = [ "/usr/local/include/microhttpd.h" "/usr/include/microhttpd.h" ];
      "lib/libmicrohttpd.so" = [ "/usr/local/lib/libmicrohttpd.so" "/usr/lib/x86_64-linux-gnu/libmicrohttpd.so" "/usr/lib/aarch64-linux-gnu/libmicrohttpd.so" "/usr/lib64/libmicrohttpd.so" "/usr/lib/libmicrohttpd.so" ];
    };
  };

  # Process managers and their tools.
  daemon = { debian = "daemon"; programs = [ "daemon" ]; };
  systemd = { debian = "systemd"; dirs = [ "/lib/systemd" "/usr/lib/systemd" ]; programs = [ "systemctl" "systemd" "systemd-analyze" "systemd-run" "systemd-notify" "systemd-tmpfiles" "systemd-escape" "journalctl" "loginctl" "busctl" ]; };
  supervisor = { debian = "supervisor"; programs = [ "supervisord" "supervisorctl" "echo_supervisord_conf" "pidproxy" ]; };
  docker = { debian = "docker.io"; calling = [ "dockerd" "containerd" ]; programs = [ "docker" "dockerd" "containerd" "containerd-shim-runc-v2" "ctr" "docker-init" "docker-proxy" "runc" ]; };
  podman = { debian = "podman"; programs = [ "podman" ]; };
  runit = { debian = "runit"; programs = [ "runsvdir" "runsv" "sv" "chpst" "svlogd" "runsvchdir" "utmpset" ]; };
  s6 = { debian = "s6"; programs = [ "s6-svscan" "s6-supervise" "s6-svc" "s6-svstat" "s6-svok" "s6-svscanctl" "s6-svwait" "s6-svlisten" "s6-svlisten1" "s6-svdt" "s6-svdt-clear" "s6-svunlink" "s6-svlink" "s6-svperms" "s6-log" "s6-setuidgid" "s6-envuidgid" "s6-envdir" "s6-setlock" "s6-setsid" "s6-softlimit" "s6-applyuidgid" "s6-ioconnect" "s6-fghack" "s6-mkfifodir" "s6-cleanfifodir" "s6-notifyoncheck" "s6-sudo" "s6-sudoc" "s6-sudod" "s6-tai64n" "s6-tai64nlocal" "s6-ftrig-listen" "s6-ftrig-listen1" "s6-ftrig-notify" "s6-ftrig-wait" "s6-ftrigrd" "s6-fdholder-daemon" "s6-fdholderd" "s6-fdholder-store" "s6-fdholder-retrieve" "s6-fdholder-list" "s6-fdholder-delete" "s6-fdholder-getdump" "s6-fdholder-setdump" "s6-fdholder-transferdump" "s6-ipcserver" "s6-ipcserverd" "s6-ipcserver-socketbinder" "s6-ipcserver-access" "s6-ipcclient" "s6-connlimit" "s6-accessrules-cdb-from-fs" "s6-accessrules-fs-from-cdb" "s6-usertree-maker" "s6-instance-maker" "s6-instance-create" "s6-instance-delete" "s6-instance-control" "s6-instance-list" "s6-instance-status" "s6-socklog" "s6-background-watch" "ucspilogd" ]; };
  s6-rc = { debian = null; programs = [ "s6-rc" "s6-rc-init" "s6-rc-update" "s6-rc-compile" "s6-rc-db" "s6-rc-bundle" "s6-rc-bundle-update" "s6-rc-dryrun" "s6-rc-format-upgrade" "s6-rc-fdholder-filler" "s6-rc-oneshot-run" ]; };
  execline = {
    debian = "execline";
    dirs = [ "/usr/lib/execline/bin" ];
    programs = [ "execlineb" "background" "backtick" "case" "cd" "define" "dollarat" "elgetopt" "elgetpositionals" "elglob" "eltest" "emptyenv" "envfile" "exec" "execline-cd" "execline-umask" "exit" "export" "fdblock" "fdclose" "fdmove" "fdreserve" "fdswap" "forbacktickx" "foreground" "forstdin" "forx" "getcwd" "getpid" "heredoc" "homeof" "if" "ifelse" "ifte" "ifthenelse" "importas" "loopwhilex" "multidefine" "multisubstitute" "pipeline" "piperw" "posix-cd" "posix-umask" "redirfd" "runblock" "shift" "trap" "tryexec" "umask" "unexport" "wait" "withstdinas" ];
  };
  dysnomia = { debian = null; programs = [ "dysnomia" "dysnomia-addgroups" "dysnomia-addusers" "dysnomia-containers" "dysnomia-delgroups" "dysnomia-delusers" "dysnomia-snapshots" ]; };
  disnix = { debian = null; programs = [ "disnix-deploy" "disnix-activate" "disnix-build" "disnix-capture-infra" "disnix-capture-manifest" "disnix-clean-snapshots" "disnix-client" "disnix-collect-garbage" "disnix-compare-manifest" "disnix-convert" "disnix-convert-manifest" "disnix-copy-closure" "disnix-copy-snapshots" "disnix-delegate" "disnix-delete-state" "disnix-diagnose" "disnix-distribute" "disnix-env" "disnix-gendist-roundrobin" "disnix-instantiate" "disnix-lock" "disnix-manifest" "disnix-migrate" "disnix-normalize-infra" "disnix-query" "disnix-reconstruct" "disnix-restore" "disnix-run-activity" "disnix-service" "disnix-set" "disnix-snapshot" "disnix-ssh-client" "disnix-tmpfile" "disnix-visualize" ]; };

  # Services.
  nginx = { debian = "nginx"; programs = [ "nginx" ]; };
  apacheHttpd = {
    debian = "apache2";
    programs = [ "apachectl" "htpasswd" "htdigest" "rotatelogs" "ab" ];
    also = { httpd = "apache2"; apache2 = "apache2"; };
    files = {
      modules = [ "/usr/lib/apache2/modules" "/usr/lib64/httpd/modules" ];
      # Debian's looks beside modules/, all others below conf/.
      "mime.types" = [ "/etc/mime.types" ];
      "conf/mime.types" = [ "/etc/mime.types" ];
    };
  };
  postgresql = {
    debian = "postgresql";
    dirs = versions [ "18" "17" "16" "15" "14" "13" ] "/usr/lib/postgresql/VERSION/bin";
    programs = [ "postgres" "initdb" "pg_ctl" "psql" "createdb" "createuser" "dropdb" "dropuser" "pg_dump" "pg_dumpall" "pg_restore" "pg_isready" "pg_basebackup" "pg_upgrade" "vacuumdb" ];
  };
  mariadb = {
    debian = "mariadb-server";
    programs = [ "mariadbd" "mysqld" "mysql" "mysqld_safe" "mysqladmin" "mysql_install_db" "mysqldump" "mariadb" "mariadbd-safe" "mariadb-admin" "mariadb-dump" "mariadb-install-db" "my_print_defaults" "resolveip" ];
    files = {
      "lib/mysql" = [ "/usr/lib/mysql" "/usr/lib64/mariadb" "/usr/lib/mariadb" ];
      "share/mysql" = [ "/usr/share/mysql" "/usr/share/mariadb" ];
    };
  };
  redis = { debian = "redis-server"; programs = [ "redis-server" "redis-cli" "redis-sentinel" "redis-benchmark" ]; };
  memcached = { debian = "memcached"; programs = [ "memcached" ]; };
  mongodb = { debian = null; programs = [ "mongod" "mongo" "mongos" ]; };
  influxdb = { debian = "influxdb"; programs = [ "influxd" "influx" ]; };
  openssh = {
    debian = "openssh-server";
    programs = [ "sshd" "ssh" "scp" "sftp" "ssh-keygen" "ssh-agent" "ssh-add" "ssh-keyscan" ];
    files."libexec/sftp-server" = [ "/usr/lib/openssh/sftp-server" "/usr/libexec/openssh/sftp-server" "/usr/lib/ssh/sftp-server" ];
  };
  dbus = { debian = "dbus"; programs = [ "dbus-daemon" "dbus-uuidgen" "dbus-send" "dbus-launch" "dbus-monitor" "dbus-run-session" "dbus-cleanup-sockets" ]; };
  cron = { debian = "cron"; programs = [ "cron" "crontab" ]; };
  fcron = { debian = null; programs = [ "fcron" "fcrontab" "fcrondyn" ]; };
  rsyslog = { debian = "rsyslog"; programs = [ "rsyslogd" ]; };
  vsftpd = { debian = "vsftpd"; programs = [ "vsftpd" ]; };
  xinetd = { debian = "xinetd"; programs = [ "xinetd" ]; };
  haproxy = { debian = "haproxy"; programs = [ "haproxy" ]; };
  lighttpd = { debian = "lighttpd"; programs = [ "lighttpd" ]; };
  php = {
    debian = "php-cli";
    programs = [ "php" ];
    files = { "etc/php.ini" = php "/etc/php/VERSION/cli/php.ini"; "lib/php.ini" = php "/etc/php/VERSION/cli/php.ini"; };
    passthru = package: { phpIni = "${package}/lib/php.ini"; };
  };
  # What `php.override { apxs2Support = true; }` gives.
  php-apache = {
    debian = "libapache2-mod-php php-cli";
    programs = [ "php" ];
    files = {
      "etc/php.ini" = php "/etc/php/VERSION/apache2/php.ini";
      "lib/php.ini" = php "/etc/php/VERSION/apache2/php.ini";
      "modules/libphp.so" = php "/usr/lib/apache2/modules/libphpVERSION.so" ++ [ "/usr/lib64/httpd/modules/libphp.so" ];
    };
    passthru = package: { phpIni = "${package}/lib/php.ini"; };
  };
  # Each is what its name says: applications of Tomcat 9 (javax) do not run in Tomcat 10 (jakarta).
  tomcat9 = tomcat "9";
  tomcat10 = tomcat "10";
  subversion = { debian = "subversion"; programs = [ "svnserve" "svn" "svnadmin" "svnlook" ]; };
}
