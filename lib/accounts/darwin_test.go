package accounts

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nixproc/lib/run/runtest"
)

// directory answers dscl as macOS does: an array of records, each with lists of
// values.
type directory struct {
	*runtest.Fake
	Darwin
}

func darwin(t *testing.T) directory {
	t.Helper()
	f := runtest.New(t)
	return directory{f, Darwin{Runner: f}}
}

func record(fields ...string) string {
	text := "<dict>"
	for i := 0; i < len(fields); i += 2 {
		text += "<key>dsAttrTypeStandard:" + fields[i] + "</key><array>"
		for value := range strings.SplitSeq(fields[i+1], "|") {
			text += "<string>" + value + "</string>"
		}
		text += "</array>"
	}
	return text + "</dict>"
}

func userRecord(name, uid, gid string) string {
	return record("RecordName", name, "UniqueID", uid, "PrimaryGroupID", gid, "NFSHomeDirectory", "/var/empty", "UserShell", "/usr/bin/false")
}

func groupRecord(name, gid string) string { return record("RecordName", name, "PrimaryGroupID", gid) }

const plistHead = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">`

func (d directory) expectUsers(records ...string) *runtest.Call {
	return d.Expect("dscl", "-plist", ".", "-readall", "/Users", "RecordName", "UniqueID", "PrimaryGroupID", "NFSHomeDirectory", "UserShell").
		Print(plistHead + "<array>" + strings.Join(records, "") + "</array></plist>")
}

func (d directory) expectGroups(records ...string) *runtest.Call {
	return d.Expect("dscl", "-plist", ".", "-readall", "/Groups", "RecordName", "PrimaryGroupID").
		Print(plistHead + "<array>" + strings.Join(records, "") + "</array></plist>")
}

func (d directory) expectSearch(kind, name string) *runtest.Call {
	words := []string{"dscl", "-plist", "/Search", "-read", kind + "/" + name, "RecordName", "UniqueID", "PrimaryGroupID", "NFSHomeDirectory", "UserShell"}
	if kind == "/Groups" {
		words = slices.Delete(words, 6, 7)[:7]
	}
	return d.Expect(words...)
}

const notFound = "<dscl_cmd> DS Error: -14136 (eDSRecordNotFound)"

func TestDarwinEnsure(t *testing.T) {
	t.Parallel()
	d := darwin(t)
	staff, nobody := groupRecord("staff", "20"), userRecord(`nobody|BUILTIN\Nobody`, "-2", "-2")
	d.expectGroups(staff)
	d.expectSearch("/Groups", "any").Fail(56, notFound)
	d.Expect("dseditgroup", "-q", "-o", "create", "-n", ".", "any")
	d.expectGroups(staff, groupRecord("any", "501"))
	d.expectSearch("/Groups", "num").Fail(56, notFound)
	d.Expect("dseditgroup", "-q", "-o", "create", "-n", ".", "-i", "2000", "num")
	d.expectGroups(staff, groupRecord("any", "501"), groupRecord("num", "2000"))

	home := filepath.Join(t.TempDir(), "a home")
	uid, gid := strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getgid())
	full := record("RecordName", "full", "UniqueID", uid, "PrimaryGroupID", gid, "NFSHomeDirectory", home, "UserShell", "/bin/sh")
	d.expectUsers(nobody)
	d.expectSearch("/Users", "bare").Fail(56, notFound)
	d.Expect("sysadminctl", "-addUser", "bare", "-home", "/var/empty", "-shell", "/usr/bin/false")
	d.expectUsers(nobody, userRecord("bare", "502", "20"))
	d.expectSearch("/Users", "full").Fail(56, notFound)
	d.Expect("sysadminctl", "-addUser", "full", "-fullName", "it's", "-UID", "2001", "-GID", "2000", "-home", home, "-shell", "/bin/sh")
	d.expectUsers(nobody, userRecord("bare", "502", "20"), full)
	for _, name := range []string{"bare", "full"} {
		d.Expect("dscl", ".", "-create", "/Users/"+name, "Password", "*")
		d.Expect("dscl", ".", "-create", "/Users/"+name, "IsHidden", "1")
	}
	set := Set{
		Groups: []Group{{Name: "any"}, {Name: "num", GID: "2000"}, {Name: "staff", GID: "21"}},
		Users: []User{
			{Name: "bare"},
			{Name: "full", UID: "2001", Group: "num", Password: "$6$x", Description: "it's", HomeDir: home, Shell: "/bin/sh", CreateHomeDir: true},
			{Name: "nobody", Shell: "/bin/sh"},
		},
	}
	report, err := d.Ensure(t.Context(), set)
	want := Report{
		Created: Set{set.Groups[:2], set.Users[:2]},
		Warnings: []string{
			"group staff exists with gid 20; 21 was asked for: kept",
			"user full: macOS takes no password that is encrypted already: it has none",
			"user nobody exists with shell /usr/bin/false; /bin/sh was asked for: kept",
		},
	}
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("got %+v, %v\nwant %+v", report, err, want)
	}
	if info, err := os.Stat(home); err != nil || !info.IsDir() {
		t.Errorf("the home directory: %v, %v", info, err)
	}
}

// sysadminctl ends with 0 whatever became of it.
func TestDarwinBelievesWhatThereIs(t *testing.T) {
	t.Parallel()
	d := darwin(t)
	d.expectGroups()
	d.expectUsers()
	d.expectSearch("/Users", "a").Fail(56, notFound)
	d.Expect("sysadminctl", "-addUser", "a", "-home", "/var/empty", "-shell", "/usr/bin/false")
	d.expectUsers()
	report, err := d.Ensure(t.Context(), Set{Users: []User{{Name: "a"}, {Name: "b"}}})
	if err == nil || !strings.Contains(err.Error(), "cannot make the user a: sysadminctl -addUser a") || len(report.Created.Users) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestDarwinRemove(t *testing.T) {
	t.Parallel()
	d := darwin(t)
	d.Patience = time.Nanosecond
	users := []string{userRecord("busy", "501", "7"), userRecord("free", "502", "8"), userRecord("other", "503", "20"), userRecord("root", "0", "0")}
	d.expectUsers(users...)
	d.Expect("ps", "-U", "free", "-o", "pid=").Fail(1, "")
	d.Expect("sysadminctl", "-deleteUser", "free", "-keepHome")
	d.expectUsers(users[0], users[2], users[3])
	d.Expect("ps", "-U", "busy", "-o", "pid=").Print("  34\n  56\n")
	d.expectGroups(groupRecord("kept", "7"), groupRecord("mine", "8"), groupRecord("wheel", "0"))
	d.expectUsers(users[0], users[2], users[3])
	d.Expect("dseditgroup", "-q", "-o", "delete", "-n", ".", "mine")
	set := Set{
		Groups: []Group{{Name: "gone"}, {Name: "kept"}, {Name: "mine", GID: "8"}, {Name: "wheel"}},
		Users:  []User{{Name: "busy"}, {Name: "free"}, {Name: "gone"}, {Name: "other", UID: "600"}, {Name: "root"}},
	}
	report, err := d.Remove(t.Context(), set)
	want := Report{
		Removed: Set{[]Group{{Name: "mine", GID: "8"}}, []User{{Name: "free"}}},
		Left:    Set{[]Group{{Name: "kept"}}, []User{{Name: "busy", InUse: true}}},
		Warnings: []string{
			"user root has uid 0 and was left",
			"user other has uid 503, not 600, so it was made by somebody else: left",
			"user busy is still in use and was left: it has the processes 34, 56",
			"group wheel has gid 0 and was left",
			"group kept is still the primary group of busy and was left",
		},
	}
	if err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("got %v\n%v\nwant\n%v", err, fmt.Sprintf("%+v", report), fmt.Sprintf("%+v", want))
	}
}

// A user's last process has its time to end.
func TestDarwinWaitsForProcesses(t *testing.T) {
	t.Parallel()
	d := darwin(t)
	d.Expect("ps", "-U", "a", "-o", "pid=").Print("  12\n")
	d.Expect("ps", "-U", "a", "-o", "pid=").Fail(1, "")
	if left, err := d.unused(t.Context(), User{Name: "a"}); err != nil || left != "" {
		t.Errorf("%q, %v", left, err)
	}
}
