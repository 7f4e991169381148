package manifestxml

import "testing"

// two machines have the same two services; the name of one has to be escaped.
const twoMachines = `<manifest version="2"><profiles><profile name="m">/p</profile></profiles>
<services><service name="k1"><name>a</name><pkg>/a</pkg><type>t</type></service><service name="k2"><name>b</name><pkg>/b</pkg><type>t</type></service></services>
<infrastructure>
<target name="m"><properties type="attrs"><property name="address" type="string">m.example</property></properties>
<clientInterface>client</clientInterface><targetProperty>address</targetProperty></target>
<target name="a&amp;b"><properties><property name="address" type="string">ab.example</property></properties><targetProperty>address</targetProperty></target>
</infrastructure>
<serviceMappings>
<mapping><container>c</container><service>k1</service><target>m</target></mapping><mapping><container>c</container><service>k1</service><target>a&amp;b</target></mapping>
<mapping><container>c</container><service>k2</service><target>m</target></mapping><mapping><container>c</container><service>k2</service><target>a&amp;b</target></mapping>
</serviceMappings><snapshotMappings/></manifest>`

// A part of a network is reached as its machines are reached now.
func TestAt(t *testing.T) {
	t.Parallel()
	n, err := parseNetwork([]byte(twoMachines))
	if err != nil {
		t.Fatal(err)
	}
	part := n.At([]Target{{Name: "m", Address: "elsewhere"}, {Name: "a&b"}, {Name: "new"}}, map[string]bool{"m": true, "new": true})
	if len(part.Targets) != 2 || part.Targets[0].Address != "elsewhere" || part.Targets[0].Profile != "/p" || part.Targets[1].Name != "new" ||
		len(part.Mappings) != 2 || part.Mappings[0].Target != "m" || part.Mappings[0].Type != "t" || part.Mappings[0].Container != "c" {
		t.Errorf("%+v", part)
	}
}
