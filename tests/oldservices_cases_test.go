package tests

// oldService is a model of the service collection.
type oldService struct {
	name      string
	model     string // its path in the collection
	text      string // or a model for services that no model of the collection has
	params    string // more of --extra-params
	options   []string
	needs     []string
	processes []string
	questions []question
	not       map[string]string // what it can't run under, manager or manager and way, with the reason
	never     string            // why it runs nowhere here
	leaves    string            // the name of processes that the service itself does not end
}

// question is a shell command of the user who deploys, in which S is the state
// directory, M the manager and U 1 without privileges, else 0; and what the
// answer contains.
type question struct{ ask, answer string }

var oldServiceCases = []oldService{
	{
		name: "nginx", model: "tests/nginx/simple-webapp/processes.nix", needs: []string{"nginx"},
		processes: []string{"nginx-primary", "nginx-secondary"},
		questions: []question{
			{`curl -sf http://localhost:$((U?8080:80))/`, "Hello world from primary!"},
			{`curl -sf http://localhost:$((U?8081:81))/`, "Hello world from secondary!"},
		},
	},
	{
		name: "nginx by hosts", model: "tests/nginx/reverse-proxy-hostbased/processes.nix", needs: []string{"nginx"},
		processes: []string{"webapp1", "webapp2", "webapp3", "webapp4", "webapp5", "webapp6", "nginx", "nginx2"},
		questions: []question{
			{`curl -sf -H "Host: webapp2.local" http://localhost:$((U?8080:80))/`, "port: 5001"},
			{`curl -sf -H "Host: webapp5.local" http://localhost:$((U?8081:81))/`, "port: 5004"},
		},
	},
	{
		name: "nginx by paths", model: "tests/nginx/reverse-proxy-pathbased/processes.nix", needs: []string{"nginx"},
		processes: []string{"nginx-webapp", "nginx-revproxy1", "nginx-revproxy2"},
		questions: []question{
			{`curl -sf http://localhost:$((U?8080:80))/`, "Hello world!"},
			{`curl -sf http://localhost:$((U?8081:81))/`, "Hello world!"},
		},
	},
	{
		name: "apache", params: asDebian, model: "tests/apache/processes.nix", needs: []string{"apacheHttpd", "php-apache"},
		processes: []string{"apache-primary", "apache-secondary"},
		questions: []question{
			{`curl -sf http://localhost:$((U?8080:80))/`, "Hello world!"},
			{`curl -sf http://localhost:$((U?8081:81))/`, "Hello world from PHP!"},
		},
	},
	{
		name: "postgresql", model: "tests/postgresql/processes.nix", needs: []string{"postgresql", "su"},
		processes: []string{"postgresql", "postgresql-secondary"},
		questions: []question{
			{asOwner("postgresql", `psql -At -h $S/run/postgresql -d postgres -c "select 6 * 7"`), "42"},
			{asOwner("postgresql-secondary", `psql -At -h $S/run/postgresql-secondary -p 5433 -d postgres -c "select 7 * 7"`), "49"},
		},
	},
	{
		name: "mysql", model: "tests/mysql/processes.nix", needs: []string{"mysql"},
		// A MariaDB that starts removes the temporary tables of another.
		options:   []string{"--jobs=1"},
		processes: []string{"mysql", "mysql-secondary"},
		questions: []question{
			{`mysql -S $S/run/mysqld/mysqld.sock -e "select 6 * 7"`, "42"},
			{`mysql -S $S/run/mysqld-secondary/mysqld.sock -e "select 7 * 7"`, "49"},
		},
	},
	{
		name: "influxdb", model: "tests/influxdb/processes.nix", needs: []string{"influxdb"},
		processes: []string{"influxdb", "influxdb-secondary"},
		questions: []question{
			{`influx -execute 'show databases'`, "_internal"},
			{`influx -port 8090 -execute 'show databases'`, "_internal"},
		},
	},
	{
		name: "sshd", model: "tests/sshd/processes.nix", needs: []string{"openssh"},
		processes: []string{"sshd", "sshd-secondary"},
		not:       map[string]string{"sysvinit unprivileged theirs": "its pid file is not where it says, and no process is looked for by its name (D24)"},
		questions: []question{
			{`eval cd ~$(id -un); mkdir -m 700 -p .ssh; [ -e key ] || ssh-keygen -q -t ecdsa -f key -N ""; cp key.pub .ssh/authorized_keys; echo done`, "done"},
			{logIn("$((U?2222:22))"), "6 * 7"},
			{logIn("$((U?2223:23))"), "6 * 7"},
		},
	},
	{
		name: "svnserve", model: "tests/svnserve/processes.nix", needs: []string{"subversion"},
		processes: []string{"svnserve", "svnserve-secondary"},
		questions: []question{
			{`[ -e $S/repos/r ] || svnadmin create $S/repos/r; svn info svn://localhost/r`, "Repository Root: svn://localhost/r"},
			{`[ -e $S/repos-secondary/s ] || svnadmin create $S/repos-secondary/s; svn info svn://localhost:3691/s`, "Repository Root: svn://localhost:3691/s"},
		},
	},
	{
		name: "vsftpd", params: asDebian, model: "tests/vsftpd/processes.nix", needs: []string{"vsftpd"},
		processes: []string{"vsftpd", "vsftpd-secondary"},
		questions: []question{
			{`[ $U = 1 ] || getent passwd ftp || useradd -d /home/ftp ftp; H=/home/$([ $U = 1 ] && id -un || echo ftp); mkdir -p $H; chmod u+w $H; echo there >$H/test.txt; chmod a-w $H; echo done`, "done"},
			{`curl -s ftp://localhost:$((U?2001:21))/test.txt`, "there"},
			{`curl -s ftp://localhost:$((U?2011:31))/test.txt`, "there"},
		},
	},
	{
		name: "xinetd", model: "tests/xinetd/declarative/processes.nix", needs: []string{"xinetd"},
		processes: []string{"xinetd-primary", "xinetd-secondary"},
		leaves:    "tftpd", // which waits for more requests
		questions: []question{
			// Debian's tftpd needs root.
			{`echo there >$S/there; [ $U = 1 ] && cat $S/there || curl -s tftp://localhost:69/$S/there`, "there"},
			{`(echo 'echo $((6 * 7))'; sleep 1) | telnet localhost $((U?2323:23))`, "42"},
		},
	},
	{
		name: "xinetd, extendable", model: "tests/xinetd/extendable/processes.nix", needs: []string{"xinetd"},
		processes: []string{"xinetd-primary"},
		questions: []question{
			{`bash -c 'exec 3<>/dev/udp/127.0.0.1/'$((U?1024:7))'; echo there >&3; timeout 2 head -n 1 <&3'`, "there"},
		},
	},
	{
		name: "docker", model: "tests/docker/processes.nix", needs: []string{"docker", "kmod"},
		processes: []string{"docker", "docker-secondary"},
		not:       onlyRoot,
		questions: []question{
			{`docker -H unix://$S/run/docker.sock info`, "/state/lib/docker\n"},
			{`docker -H unix://$S/run/docker-secondary.sock info`, "/state/lib/docker-secondary\n"},
		},
	},
	{
		name: "supervisord", model: "tests/supervisord/processes.nix", needs: []string{"supervisor"},
		processes: []string{"supervisord-primary", "supervisord-secondary"},
		questions: []question{
			{sameSupervisor("supervisord-primary", "$([ $M = supervisord ] && echo 9003 || echo 9001)"), "the same"},
			{sameSupervisor("supervisord-secondary", "9002"), "the same"},
		},
	},
	{
		name: "s6-svscan", model: "tests/s6-svscan/processes.nix", needs: []string{"s6", "execline"},
		processes: []string{"s6-svscan-primary", "s6-svscan-secondary"},
		questions: []question{{supervise("-primary"), "up ("}, {supervise("-secondary"), "up ("}},
	},
	{
		name: "tomcat", params: asDebian, model: "tests/apache-tomcat/processes.nix", needs: []string{"tomcat10", "jre"},
		processes: []string{"tomcat-primary", "tomcat-secondary"},
		questions: []question{
			{`curl -sf http://localhost:8080/`, "It works !"},
			{`curl -sf http://localhost:8081/`, "It works !"},
		},
	},
	{
		name: "apache before tomcat", params: asDebian, model: "tests/apache-tomcat-ajp-reverse-proxy/processes.nix",
		needs:     []string{"apacheHttpd", "tomcat10", "jre"},
		processes: []string{"apache", "tomcat"},
		questions: []question{{`curl -sf http://localhost:$((U?8081:80))/`, "It works !"}},
	},
	{
		name: "dbus", text: `{ dbus-daemon.pkg = constructors.dbus-daemon { }; }`, needs: []string{"dbus"},
		processes: []string{"dbus-daemon"},
		not:       onlyRoot, // its configuration names a user
		questions: []question{{`dbus-send --bus=unix:path=$S/run/dbus/system_bus_socket --dest=org.freedesktop.DBus --print-reply / org.freedesktop.DBus.ListNames`, `"org.freedesktop.DBus"`}},
	},
	{
		name: "nix-daemon", text: `{ nix-daemon.pkg = constructors.nix-daemon; }`, needs: []string{"nix"},
		processes: []string{"nix-daemon"},
		not:       onlyRoot,
		questions: []question{{`env -i PATH="$PATH" HOME=/ NIX_REMOTE=daemon nix-store --add /etc/hostname`, "/nix/store/"}},
	},
	{
		name: "apache with passwords", params: asDebian, needs: []string{"apacheHttpd", "nginx"},
		text: `rec {
	nginx = rec { port = 8083; pkg = constructors.simpleWebappNginx { inherit port; }; };
	apache.pkg = constructors.basicAuthReverseProxyApache {
		port = 8084; serverAdmin = "root@localhost"; dependency = nginx;
		authName = "a lock"; authUserFile = "${stateDir}/users"; requireUser = "joe";
	};
}`,
		processes: []string{"nginx", "apache"},
		questions: []question{
			{`htpasswd -bc $S/users joe secret 2>&1`, "joe"},
			{`curl -s -o /dev/null -w '%{http_code}' http://localhost:8084/`, "401"},
			{`curl -s -u joe:secret http://localhost:8084/`, "Hello world!"},
		},
	},
	{name: "agetty", model: "tests/agetty/processes.nix", never: "its terminal, ttyUSB0, is not there"},
	{name: "mongodb", model: "tests/mongodb/processes.nix", needs: []string{"mongodb"}, processes: []string{"mongodb"}},
	{name: "fcron", model: "tests/fcron/processes.nix", needs: []string{"fcron"}, processes: []string{"fcron"}},
}

// asDebian gives the models Debian's packages in the form that they expect of
// Nixpkgs: Apache has modules built in that they load, vsftpd has other
// defaults, and Tomcat is another version.
const asDebian = `pkgs = let pkgs = import <nixpkgs> { }; in pkgs // {
	tomcat9 = pkgs.tomcat10;
	writeTextFile = args: pkgs.writeTextFile (args // {
		text = builtins.replaceStrings
			(map (name: "LoadModule ${name}_module") [ "log_config" "unixd" "version" "watchdog" ]) [ "#" "#" "#" "#" ] args.text
			+ pkgs.lib.optionalString (args.name == "vsftpd.conf") "listen=YES\nanonymous_enable=YES\n";
	});
};`

var onlyRoot = map[string]string{
	"sysvinit unprivileged": "it needs root", "supervisord unprivileged": "it needs root", "systemd unprivileged": "it needs root",
}

// asOwner is a command of the user whose service it is.
func asOwner(user, command string) string {
	return `if [ $U = 1 ]; then ` + command + `; else S=$S su ` + user + ` -c '` + command + `'; fi`
}

func logIn(port string) string {
	return `eval cd ~$(id -un); ssh -i key -p ` + port + ` -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no localhost echo '6 \* 7'`
}

func sameSupervisor(name, port string) string {
	return `[ "$(supervisorctl -s http://localhost:` + port + ` pid)" = "$(cat $S/run/` + name + `.pid)" ] && echo the same`
}

func supervise(suffix string) string {
	return `D=$S/run/service` + suffix + `; mkdir -p $D/x; printf '#!/bin/sh\nexec sleep 1000\n' >$D/x/run; chmod +x $D/x/run; s6-svscanctl -a $D; sleep 0.3; s6-svstat $D/x; s6-svc -wD -T 5000 -d $D/x`
}

// withConstructors makes a model of a set in which the collection's constructor
// functions are there.
func withConstructors(set string) string {
	return `{ pkgs, stateDir, runtimeDir, logDir, tmpDir, cacheDir, libDir, spoolDir, forceDisableUserChange, callingUser, callingGroup, processManager }@args:
let constructors = import ./services-agnostic/constructors.nix args; in ` + set + "\n"
}
