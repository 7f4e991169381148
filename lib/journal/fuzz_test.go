package journal

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"nixproc/lib/accounts"
)

// Whatever a journal holds, what is read of it is whole records from its start,
// and what a later switch writes behind them is read as well.
func FuzzRead(f *testing.F) {
	var text []byte
	for _, r := range []record{
		{Switch: &Switch{Schema: schema, Old: "/1", New: "/2", At: 1, Making: 2, Options: []string{"--user"}}},
		{Accounts: &Accounts{Create: accounts.Set{Users: []accounts.User{{Name: "u"}}}}},
		{Begun: &Step{"stop", "/1", []string{"a"}}}, {Call: &Call{PID: 7, Since: time.Unix(1, 0), Line: "a stop", Verb: "stop", Units: []string{"a"}}},
		{Done: &Step{"stop", "/1", []string{"a"}}}, {Begun: &Step{Verb: "install", Profile: "/2"}},
	} {
		line, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	f.Add(text)
	f.Add(text[:len(text)-1])
	f.Add(bytes.Replace(text, []byte("\n{"), []byte("\n\x00\n{"), 1))
	for _, rubbish := range []string{"", "null\n", "{}\n", "[]\n", "{\"begun\":{}}\n", "{\"done\":{\"units\":[\"a\"]}}\n", "{\"switch\":{\"schema\":-1}}\n", "{\"switch\":{}}\n{\"switch\":null}\n"} {
		f.Add([]byte(rubbish))
	}
	file := filepath.Join(f.TempDir(), "test.journal")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := read(file)
		if err != nil {
			return // of a later version
		}
		if before.length > int64(len(data)) || len(before.records) != bytes.Count(data[:before.length], []byte("\n")) {
			t.Fatalf("%d records in %d of %d bytes", len(before.records), before.length, len(data))
		}
		if _, err := Read(file); err != nil {
			t.Fatal(err)
		}
		j := &Journal{path: file}
		err = j.open(Switch{Schema: schema, New: "/next"}, before.length)
		if err == nil {
			err = j.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		after, err := read(file)
		if err != nil || len(after.records) != len(before.records)+1 || len(before.records) > 0 && !reflect.DeepEqual(after.records[:len(before.records)], before.records) {
			t.Fatalf("%v, before\n%+v\nafter\n%+v", err, before.records, after.records)
		}
		if found, err := Read(file); err != nil || found.Last.New != "/next" {
			t.Fatalf("%+v, %v", found, err)
		}
	})
}
