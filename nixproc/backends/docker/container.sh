# Prepares a container from within, as its root, and then becomes the command:
# container [OPTION]... -- COMMAND [ARGUMENT]...
#
#   -s DIRECTORY  state directory: makes it, and those that belong into it
#   -r DIRECTORY  runtime directory: makes it
#   -k            leaves the mode of a temp directory as it is made
#   -g GROUP      adds a group, NAME:GID
#   -a USER       adds a user, NAME:UID:GROUP:HOME:CREATE:SHELL:PASSWORD:DESCRIPTION;
#                 CREATE is 1 to make the home directory, only to make no user
#   -m MASK       umask of all that follows
#   -n NICE       priority of all that follows
#
# A container that is started again has its accounts already.
set -eu
umask 022
mask='' nice='' state='' open=yes

say() {
  echo "container: $*" >&2
}

# has FILE NAME: whether the file, of the form of passwd(5), has an entry.
has() {
  while IFS= read -r line; do
    case $line in "$2":*) return 0 ;; esac
  done <"$1"
  return 1
}

# number FILE NAME: the third field of an entry.
number() {
  while IFS=: read -r name password id rest; do
    if [ "$name" = "$2" ]; then
      echo "$id"
      return 0
    fi
  done <"$1"
  return 1
}

# claim FILE WANTED: the number itself if nobody has it, or the first from 1000
# on that nobody has.
claim() {
  taken=' '
  while IFS=: read -r name password id rest; do
    taken="$taken$id "
  done <"$1"
  id=${2:-1000}
  while case $taken in *" $id "*) ;; *) false ;; esac; do
    if [ -n "$2" ]; then
      say "$1 has the number $2 already"
      return 1
    fi
    id=$((id + 1))
  done
  echo "$id"
}

add_group() {
  has /etc/group "$1" && return
  gid=$(claim /etc/group "$2")
  echo "$1:x:$gid:" >>/etc/group
}

add_user() {
  IFS=: read -r user uid group home create shell password description <<END
$1
END
  gid=''
  if [ "$create" != only ]; then
    if [ -z "$group" ]; then
      add_group "$user" ''
      group=$user
    fi
    gid=$(number /etc/group "$group") || { say "user $user: there is no group $group"; exit 1; }
    if ! has /etc/passwd "$user"; then
      uid=$(claim /etc/passwd "$uid")
      echo "$user:x:$uid:$gid:$description:${home:-/dev/null}:${shell:-/bin/sh}" >>/etc/passwd
      [ ! -e /etc/shadow ] || echo "$user:${password:-!}:1::::::" >>/etc/shadow
    fi
  fi
  if [ -n "$create" ] && [ -n "$home" ] && [ ! -e "$home" ]; then
    @mkdir@ -p -- "$home"
    [ -z "$gid" ] || @chown@ "$user:$gid" "$home"
  fi
}

make_state() {
  tmp=$state/tmp
  [ "$state" != /var ] || tmp=/tmp
  @mkdir@ -p -- "$state"
  # Another container may be at it too: nobody must ever see it closed.
  if [ ! -d "$tmp" ]; then
    if [ -n "$open" ]; then
      (umask 0 && @mkdir@ -- "$tmp" 2>/dev/null && @chmod@ 1777 "$tmp") || [ -d "$tmp" ]
    else
      @mkdir@ -p -- "$tmp"
    fi
  fi
  for name in log cache spool lock lib; do
    @mkdir@ -p -- "$state/$name"
  done
  # Another container may be faster.
  if [ "$tmp" = /tmp ] && [ ! -e "$state/tmp" ]; then
    @ln@ -s /tmp "$state/tmp" || [ -e "$state/tmp" ]
  fi
}

while getopts s:r:kg:a:m:n: option; do
  case $option in
    s) state=$OPTARG ;;
    r) @mkdir@ -p -- "$OPTARG" ;;
    k) open='' ;;
    g) add_group "${OPTARG%%:*}" "${OPTARG#*:}" ;;
    a) add_user "$OPTARG" ;;
    m) mask=$OPTARG ;;
    n) nice=$OPTARG ;;
    *) exit 64 ;;
  esac
done
shift $((OPTIND - 1))

[ -z "$state" ] || make_state
[ -z "$mask" ] || umask "$mask"
[ -z "$nice" ] || set -- @nice@ -n "$nice" "$@"
exec "$@"
