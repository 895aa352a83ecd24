using System.Reflection;
using System.Runtime.CompilerServices;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using VmBus.Layout;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Layout;

public class LayoutTests
{
    public static TheoryData<string> CNames => [.. LayoutTwins.Golden.Select(g => g.Name)];

    /// <summary>The structs of the library that are bytes in memory or in a message.</summary>
    private static IEnumerable<Type> LayoutTypes => typeof(RingControlPage).Assembly.GetTypes().Where(t =>
        t.IsValueType && !t.IsEnum && !t.IsNested
        && (t.Namespace is "VmBus.Layout" || (t.Namespace is "VmBus.Protocol" or "VmBus.Integration" or "VmBus.Pipes" && !IsReadOnly(t)))
        && !t.Name.EndsWith("View", StringComparison.Ordinal) && !t.IsByRefLike);

    private static bool IsReadOnly(Type type) => type.IsDefined(typeof(IsReadOnlyAttribute), inherit: false);

    [Fact]
    public void The_golden_files_hold_every_structure_and_field()
    {
        Assert.Equal(47, LayoutTwins.Linux.Count);
        Assert.Equal(41, LayoutTwins.Beyond.Count);
        Assert.Equal(LayoutTwins.Golden.Count, LayoutTwins.Golden.DistinctBy(g => g.Name).Count());
        // Each line that tells an offset is a field, but for the ends of inner structures without a name.
        int lines = new[] { "linux-6.1-hv_vmbus.txt", "beyond-linux-6.1.txt" }.SelectMany(f => LayoutTwins.Resource(f).Split('\n'))
            .Count(l => l.EndsWith(" */", StringComparison.Ordinal) && l.Contains(';', StringComparison.Ordinal) && !l.Trim().StartsWith("};", StringComparison.Ordinal));
        Assert.Equal(lines, LayoutTwins.Golden.Sum(g => g.Fields.Count));
        GoldenStruct offer = LayoutTwins.Linux.Single(g => g.Name == "vmbus_channel_offer");
        Assert.Equal(14, offer.Fields.Count);
        Assert.Contains(new GoldenField("u.pipe.user_def", 56, 116), offer.Fields);
        Assert.Contains(
            new GoldenField("feature_bits.feat_pending_send_sz", 64, 4, 0, 1),
            LayoutTwins.Linux.Single(g => g.Name == "hv_ring_buffer").Fields);
    }

    [Theory]
    [MemberData(nameof(CNames))]
    public void A_structure_has_the_size_and_the_field_offsets_of_its_C_twin(string name)
    {
        GoldenStruct golden = LayoutTwins.Golden.Single(g => g.Name == name);
        Assert.Empty(LayoutComparison.Compare([golden], LayoutTwins.All));
    }

    [Fact]
    public void Every_twin_is_in_a_golden_file() =>
        Assert.Empty(LayoutTwins.All.Keys.Except(LayoutTwins.Golden.Select(g => g.Name)));

    [Fact]
    public void Every_struct_of_the_library_is_somebodys_twin()
    {
        HashSet<Type> twins = [.. LayoutTwins.All.Values.Select(t => t.Type)];
        IEnumerable<Type> inside = twins.SelectMany(t => t.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(f => f.FieldType);
        // An array is compared through the field it is; anything else needs a twin of its own.
        HashSet<Type> arrays = [.. inside.Where(t => t.IsDefined(typeof(InlineArrayAttribute)))];
        // These two are compared as parts of the packets made of them (see GpaDirectPacket, TransferPagePacket).
        HashSet<Type> parts = [typeof(GpaDirectHeader), typeof(TransferPageHeader)];
        Assert.DoesNotContain(LayoutTypes, t => !twins.Contains(t) && !arrays.Contains(t) && !parts.Contains(t));
    }

    [Fact]
    public void Every_struct_is_blittable_and_says_its_size()
    {
        Assert.True(LayoutTypes.Count() >= 70, $"only {LayoutTypes.Count()} structs found");
        foreach (Type type in LayoutTypes)
        {
            MethodInfo holdsReferences = typeof(RuntimeHelpers)
                .GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!.MakeGenericMethod(type);
            Assert.False((bool)holdsReferences.Invoke(null, null)!, $"{type.Name} holds references");
            Assert.Empty(BooleansAndChars(type));
            if (type.GetField("Size", BindingFlags.Static | BindingFlags.Public) is { IsLiteral: true } size)
                Assert.Equal((int)size.GetRawConstantValue()!, ManagedLayout.SizeOf(type));
        }
    }

    [Fact]
    public void The_marshalled_size_is_the_managed_size()
    {
        int compared = 0;
        foreach (Type type in LayoutTypes.Where(t => !HoldsInlineArray(t)))
        {
            Assert.Equal(ManagedLayout.SizeOf(type), System.Runtime.InteropServices.Marshal.SizeOf(type));
            compared++;
        }

        Assert.True(compared >= 50, $"only {compared} structs compared");
    }

    [Fact]
    public void Each_message_names_its_number_and_no_number_lacks_a_message()
    {
        List<(Type Type, ChannelMessageType Number)> messages = [.. LayoutTypes
            .Where(t => t.GetField("MessageType", BindingFlags.Static | BindingFlags.Public) is { IsLiteral: true })
            .Select(t => (t, (ChannelMessageType)(uint)t.GetField("MessageType")!.GetRawConstantValue()!))];
        Assert.All(messages, m => Assert.StartsWith(m.Number.ToString(), m.Type.Name, StringComparison.Ordinal));
        Assert.Equal(
            Enumerable.Range(1, 29).Select(n => (ChannelMessageType)n),
            messages.Select(m => m.Number).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(CNames))]
    public void Each_field_that_moves_or_grows_is_reported_and_no_other(string name)
    {
        GoldenStruct golden = LayoutTwins.Golden.Single(g => g.Name == name);
        for (int i = 0; i < golden.Fields.Count; i++)
        {
            GoldenField field = golden.Fields[i];
            foreach (GoldenField moved in new[]
            {
                field with { Offset = field.Offset + 1 },
                field with { Offset = field.Offset - 1 },
                field with { Size = field.Size + 1 },
                field with { Size = field.Size - 1 },
            })
                AssertReportsOnly(golden, i, moved);
        }
    }

    [Property(MaxTest = 500)]
    public Property A_field_moved_by_any_distance_is_reported_and_no_other()
    {
        Gen<(GoldenStruct, int, int)> cases =
            from golden in Gen.Elements(LayoutTwins.Golden.AsEnumerable())
            from index in Gen.Choose(0, golden.Fields.Count - 1)
            from distance in Gen.Choose(-5000, 5000).Where(d => d != 0)
            select (golden, index, distance);
        return Prop.ForAll(cases.ToArbitrary(), c =>
            AssertReportsOnly(c.Item1, c.Item2, c.Item1.Fields[c.Item2] with { Offset = c.Item1.Fields[c.Item2].Offset + c.Item3 }));
    }

    [Fact]
    public void A_bit_that_moves_is_reported()
    {
        int moved = 0;
        foreach (GoldenStruct golden in LayoutTwins.Golden)
        {
            for (int i = 0; i < golden.Fields.Count; i++)
            {
                GoldenField field = golden.Fields[i];
                if (!LayoutTwins.All[golden.Name].Places[field.Path].Contains('#', StringComparison.Ordinal))
                    continue;
                AssertReportsOnly(golden, i, field with { FirstBit = field.FirstBit + 1 });
                moved++;
            }
        }

        Assert.Equal(18, moved);
    }

    [Fact]
    public void A_size_that_changes_is_reported() => Assert.All(LayoutTwins.Golden, golden =>
        Assert.Contains(
            LayoutComparison.Compare([golden with { Size = golden.Size + 8 }], LayoutTwins.All),
            m => m.Struct == golden.Name && m.Field is null));

    [Fact]
    public void A_structure_or_field_without_a_twin_is_reported()
    {
        GoldenStruct page = LayoutTwins.Linux[0];
        Assert.Equal(
            new LayoutMismatch("hv_new", null, "has no C# twin"),
            Assert.Single(LayoutComparison.Compare([page with { Name = "hv_new" }], LayoutTwins.All)));

        GoldenStruct grown = page with { Fields = [.. page.Fields, new GoldenField("new_field", 64, 4)] };
        Assert.Equal("new_field", Assert.Single(LayoutComparison.Compare([grown], LayoutTwins.All)).Field);

        GoldenStruct shrunk = page with { Fields = [.. page.Fields.Where(f => f.Path != "latency")] };
        Assert.Equal("latency", Assert.Single(LayoutComparison.Compare([shrunk], LayoutTwins.All)).Field);
    }

    [Fact]
    public void A_field_of_ours_that_no_C_field_names_is_reported()
    {
        Twin twin = LayoutTwins.All["hv_monitor_page"];
        Dictionary<string, string> places = twin.Places.Where(p => p.Key != "latency").ToDictionary();
        GoldenStruct golden = LayoutTwins.Golden.Single(g => g.Name == "hv_monitor_page");
        GoldenStruct without = golden with { Fields = [.. golden.Fields.Where(f => f.Path != "latency")] };
        LayoutMismatch only = Assert.Single(LayoutComparison.Compare(without, twin with { Places = places }));
        Assert.Contains("Latencies", only.What, StringComparison.Ordinal);
    }

    private static void AssertReportsOnly(GoldenStruct golden, int index, GoldenField changed)
    {
        List<GoldenField> fields = [.. golden.Fields];
        fields[index] = changed;
        LayoutMismatch only = Assert.Single(LayoutComparison.Compare([golden with { Fields = fields }], LayoutTwins.All));
        Assert.Equal((golden.Name, changed.Path), (only.Struct, only.Field));
    }

    private static IEnumerable<string> BooleansAndChars(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(f => f.FieldType == typeof(bool) || f.FieldType == typeof(char))
            .Select(f => type.Name + "." + f.Name);

    private static bool HoldsInlineArray(Type type) =>
        type.IsDefined(typeof(InlineArrayAttribute))
        || (!type.IsPrimitive && !type.IsEnum && type != typeof(Guid)
            && type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Any(f => HoldsInlineArray(f.FieldType)));
}
