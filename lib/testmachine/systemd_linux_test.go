package testmachine

import "testing"

// With systemd, a machine has booted, and its user has a systemd, too. Nothing
// is in it that the host has enabled.
func TestSystemd(t *testing.T) {
	t.Parallel()
	m := started(t, Spec{Manager: "systemd", Unprivileged: true})
	left(t, m)
	for _, c := range []struct{ user, script, want string }{
		{"root", "systemctl is-system-running", "running"},
		{User, "systemctl --user is-system-running", "running"},
		{"root", "cd /etc/systemd/system; ls -d * */*", "multi-user.target.wants\nmulti-user.target.wants/user@1000.service\nuser@1000.service"},
		{"root", "grep ^CapBnd /proc/1/status /proc/self/status | cut -d: -f3 | uniq | wc -l", "1"},
		{"root", "systemctl list-units --failed --no-legend", ""},
		{"root", `printf '[Service]\nExecStart=sleep 94\n' >` + unitDir + `/own.service; systemctl daemon-reload; systemctl start own; systemctl is-active own`, "active"},
		{User, `mkdir -p ~/.config/systemd/user; printf '[Service]\nExecStart=sleep 93\n' >~/.config/systemd/user/own.service
			systemctl --user daemon-reload; systemctl --user start own; systemctl --user is-active own`, "active"},
	} {
		if got := says(t, m, c.user, c.script); got != c.want {
			t.Errorf("%s: %s says\n%s\nwant\n%s", c.user, c.script, got, c.want)
		}
	}
	left(t, m, "sleep 94", "sleep 93")
	says(t, m, "root", "systemctl stop own")
	says(t, m, User, "systemctl --user stop own")
	left(t, m)
}
