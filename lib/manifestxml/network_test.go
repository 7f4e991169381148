package manifestxml

import (
	"reflect"
	"testing"
)

// All that a manifest of Disnix 0.10.3 can have: services with state, that connect to
// others, that are containers and that are in such, properties of each type, machines
// that are reached by another property.
const everything = `<?xml version="1.0"?>

  <manifest version="2"><profiles><profile name="m1">/s/m1</profile><profile name="m2">/s/m2</profile></profiles><services>` +
	`<service name="k1"><name>two</name><pkg>/s/two</pkg><type>note</type><dependsOn><mapping><container>boxed</container><service>k3</service><target>m2</target></mapping></dependsOn><connectsTo/><providesContainers/></service>` +
	`<service name="k2"><name>db</name><pkg>/s/db</pkg><type>note</type><dependsOn/><connectsTo/><providesContainers/></service>` +
	`<service name="k3"><name>app</name><pkg>/s/app</pkg><type>boxed</type><dependsOn/><connectsTo><mapping><container>note</container><service>k2</service><target>m1</target></mapping></connectsTo><providesContainers/></service>` +
	`<service name="k4"><name>box</name><pkg>/s/box</pkg><type>note</type><dependsOn/><connectsTo/><providesContainers><container name="boxed" type="attrs"><property name="flag" type="bool">true</property><property name="port" type="int">8080</property></container></providesContainers></service>` +
	`</services><infrastructure><target name="m1"><properties type="attrs"><property name="hostname" type="string">m1</property><property name="nothing"/><property name="set" type="attrs"><property name="x" type="int">1</property></property></properties>` +
	`<containers><container name="note" type="attrs"><property name="big" type="int">12345678901</property><property name="list" type="list"><elem type="int">1</elem><elem type="string">a b</elem><elem type="bool">true</elem><elem type="list"><elem type="int">2</elem></elem></property>` +
	`<property name="no" type="bool">false</property><property name="nothing"/><property name="quotes" type="string">a"b'c&lt;d&gt;&amp;e
f  h</property><property name="set" type="attrs"><property name="x" type="int">1</property></property><property name="yes" type="bool">true</property></container></containers>` +
	`<system>x86_64-linux</system><numOfCores>3</numOfCores><clientInterface>/bin/client</clientInterface><targetProperty>hostname</targetProperty></target>` +
	`<target name="m2"><properties type="attrs"><property name="hostname" type="string">m2</property><property name="ip" type="string">1.2.3.4</property></properties><containers/><system>x86_64-linux</system><numOfCores>1</numOfCores><clientInterface>other client</clientInterface><targetProperty>ip</targetProperty></target></infrastructure>` +
	`<serviceMappings><mapping><container>boxed</container><containerProvidedByService>k4</containerProvidedByService><service>k3</service><target>m2</target></mapping><mapping><container>note</container><service>k4</service><target>m2</target></mapping>` +
	`<mapping><container>note</container><service>k2</service><target>m1</target></mapping><mapping><container>special</container><service>k1</service><target>m1</target></mapping><mapping><container>note</container><service>k1</service><target>m2</target></mapping></serviceMappings>` +
	`<snapshotMappings><mapping><component>db</component><container>note</container><service>k2</service><target>m1</target></mapping></snapshotMappings></manifest>
`

// Properties are what Disnix was seen to hand on.
func TestReadEverything(t *testing.T) {
	t.Parallel()
	got, err := parseNetwork([]byte(everything))
	want := Network{
		Targets: []Target{
			{"m1", "m1", "/bin/client", "/s/m1", map[string]map[string]string{"note": {
				"big": "12345678901", "list": "1 a b 1 2", "no": "", "quotes": "a\"b'c<d>&e\nf  h", "set": "", "yes": "1",
			}}},
			{"m2", "1.2.3.4", "other client", "/s/m2", map[string]map[string]string{}},
		},
		Mappings: []Mapping{
			{"m2", "k3", "app", "/s/app", "boxed", "boxed", nil}, {"m2", "k4", "box", "/s/box", "note", "note", nil}, {"m1", "k2", "db", "/s/db", "note", "note", nil},
			{"m1", "k1", "two", "/s/two", "note", "special", []Dependency{{"m2", "k3"}}}, {"m2", "k1", "two", "/s/two", "note", "note", []Dependency{{"m2", "k3"}}},
		},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, got, want)
	}
}
