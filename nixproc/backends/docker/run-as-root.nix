# The shell text that makes the contents of an image. The command makes them
# itself, without running it (lib/image); it stands here for overrides, which may
# append to it: then dockerTools runs it.

{ stdenv, shadow }:

''
  export PATH=${shadow}/bin:$PATH
  mkdir -p /bin /etc /root /run /tmp /var
  chmod 700 /root
  chmod 1777 /tmp
  ln -sfn /run /var/run
  [ -e /bin/sh ] || ln -s ${stdenv.shell} /bin/sh
  echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
  echo 'nobody:x:65534:65534:nobody:/dev/null:/bin/sh' >>/etc/passwd
  echo 'root:x:0:' >/etc/group
  echo 'nogroup:x:65534:' >>/etc/group
  echo 'root:!:1::::::' >/etc/shadow
  echo 'nobody:!:1::::::' >>/etc/shadow
  chmod 600 /etc/shadow
  echo 'passwd: files' >/etc/nsswitch.conf
  echo 'group: files' >>/etc/nsswitch.conf
  echo 'hosts: files dns' >>/etc/nsswitch.conf
''
