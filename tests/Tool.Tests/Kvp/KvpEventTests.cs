using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace VmBus.Tool.Tests.Kvp;

/// <summary>The events of cloud-init and azure-init, as pairs and back.</summary>
public class KvpEventTests
{
    private const string Id = "2d1f9a4e-7f0b-4a3e-9d57-0c8e5b6a1f22";
    private const string Vm = "5d3a1c2b-0000-4000-8000-aabbccddeeff";

    [Property]
    public Property What_is_written_is_read_again() => Prop.ForAll(Events().ToArbitrary(), one =>
    {
        IReadOnlyList<(string Key, string Value)> pairs = KvpEventWriter.Write(one);
        Assert.All(pairs, pair => Assert.InRange(Encoding.UTF8.GetByteCount(pair.Value), 0, KvpEventWriter.MaxValue));
        Assert.All(pairs, pair => Assert.InRange(Encoding.UTF8.GetByteCount(pair.Key), 1, 511));
        if (one.Agent == KvpEventWriter.CloudInit)
            Assert.All(pairs, pair => JsonDocument.Parse(pair.Value).Dispose());

        // Beside pairs that are none.
        KvpEvent read = Assert.Single(KvpEventReader.Read([("HostName", "h"), .. pairs, ("CLOUD_INIT|x", "")]));
        Assert.Equal(one, read);
    });

    [Property]
    public Property The_order_of_pieces_does_not_matter() => Prop.ForAll(Events().Where(static one => one.Agent == KvpEventWriter.CloudInit).ToArbitrary(), one =>
        Assert.Equal(one, Assert.Single(KvpEventReader.Read(KvpEventWriter.Write(one).Reverse()))));

    [Property]
    public void Any_pairs_are_read_without_an_exception(string[] parts, string value, bool isCompressed)
    {
        string key = string.Join('|', [isCompressed ? $"CLOUD_INIT|1|{Vm}|compressed" : "CLOUD_INIT|1", .. parts ?? [], Id]);
        foreach (KvpEvent one in KvpEventReader.Read([(key, value ?? ""), (key + "|0", (value ?? "") + "\"msg\":\"\"}"), ("PROVISIONING_REPORT", value ?? "")]))
            Assert.NotNull(one.Message);
    }

    // As an older and a newer cloud-init write them.
    [Theory]
    [InlineData($"CLOUD_INIT|1700000000|finish|init-local/search-Azure|{Id}", null)]
    [InlineData($"CLOUD_INIT|1700000000|{Vm}|finish|init-local/search-Azure|{Id}", Vm)]
    public void Cloud_inits_events_are_read(string key, string? vm)
    {
        KvpEvent one = Assert.Single(KvpEventReader.Read([(key,
            """{"name":"init-local/search-Azure","type":"finish","ts":"2023-11-14T22:13:25.5+00:00","result":"SUCCESS","msg":"found \"it\"\n"}""")]));
        Assert.Equal(
            new KvpEvent
            {
                Agent = "cloud-init",
                Incarnation = 1700000000,
                VmId = vm is null ? null : Guid.Parse(vm),
                Type = "finish",
                Name = "init-local/search-Azure",
                Id = Id,
                Time = "2023-11-14T22:13:25.5+00:00",
                Result = "SUCCESS",
                Message = "found \"it\"\n",
            },
            one);
    }

    [Fact]
    public void A_piece_that_was_cut_within_an_escape_is_put_together()
    {
        string key = $"CLOUD_INIT|1700000000|{Vm}|diagnostic|diagnostic message|{Id}";
        KvpEvent one = Assert.Single(KvpEventReader.Read([
            (key + "|1", """{"name":"n","type":"diagnostic","ts":"t","msg_i":1,"msg":"0e9 and \"}"""),
            (key + "|0", """{"name":"n","type":"diagnostic","ts":"t","msg_i":0,"msg":"caf\u0"}"""),
            (key + "|2", """{"name":"n","type":"diagnostic","ts":"t","msg_i":2,"msg":"\\ud83d"}"""),
            (key + "|3", """{"name":"n","type":"diagnostic","ts":"t","msg_i":3,"msg":"\ude8c"}"""),
        ]));
        Assert.Equal(("café and \\🚌", false), (one.Message, one.IsDamaged));
    }

    [Fact]
    public void A_piece_that_is_missing_is_told()
    {
        IReadOnlyList<(string Key, string Value)> pairs = KvpEventWriter.Write(One() with { Message = new string('x', 3000) });
        Assert.Equal(4, pairs.Count);
        for (int missing = 0; missing < pairs.Count - 1; missing++)
            Assert.True(Assert.Single(KvpEventReader.Read(pairs.Where((_, at) => at != missing))).IsDamaged);
    }

    [Fact]
    public void A_compressed_text_is_unpacked_up_to_a_limit()
    {
        Assert.Equal(("dmesg\nof it", true, false), Unpacked("dmesg\nof it"));
        Assert.Equal((new string('a', KvpEventReader.MostUnpacked), true, true), Unpacked(new string('a', 50_000_000)));

        static (string, bool, bool) Unpacked(string text)
        {
            using MemoryStream packed = new();
            using (ZLibStream packing = new(packed, CompressionMode.Compress))
                packing.Write(Encoding.UTF8.GetBytes(text));
            string data = Convert.ToBase64String(packed.ToArray(), Base64FormattingOptions.InsertLineBreaks);
            KvpEvent one = One() with { Type = "compressed", Message = JsonSerializer.Serialize(new { encoding = "gz+b64", data }) };
            KvpEvent read = Assert.Single(KvpEventReader.Read(KvpEventWriter.Write(one)));
            return (read.Message, read.IsCompressed, read.IsDamaged);
        }
    }

    [Fact]
    public void Azure_inits_diagnostics_and_report_are_read()
    {
        string key = $"azure-init-0.1.1|{Vm}|INFO|provision:user:create_user|{Id}";
        IReadOnlyList<KvpEvent> events = KvpEventReader.Read([
            (key, "first "),
            ("PROVISIONING_REPORT", $"result=success|agent=Azure-Init/0.1.1|pps_type=None|vm_id={Vm}|timestamp=2025-01-01T00:00:00Z"),
            (key, "second"),
        ]);
        Assert.Equal(
            [
                new KvpEvent { Agent = "azure-init-0.1.1", VmId = Guid.Parse(Vm), Type = "INFO", Name = "provision:user:create_user", Id = Id, Message = "first second" },
                new KvpEvent
                {
                    Agent = "Azure-Init/0.1.1",
                    VmId = Guid.Parse(Vm),
                    Type = "report",
                    Name = "PROVISIONING_REPORT",
                    Id = "",
                    Time = "2025-01-01T00:00:00Z",
                    Result = "success",
                    Message = $"result=success|agent=Azure-Init/0.1.1|pps_type=None|vm_id={Vm}|timestamp=2025-01-01T00:00:00Z",
                },
            ],
            events);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a|b")]
    [InlineData("a\nb")]
    public void A_name_that_would_break_the_key_is_refused(string name) =>
        Assert.Throws<UsageException>(() => KvpEventWriter.Write(One() with { Name = name }));

    [Fact]
    public void A_name_that_leaves_no_room_is_refused()
    {
        Assert.Throws<UsageException>(() => KvpEventWriter.Write(One() with { Name = new string('n', 500) }));
        Assert.Throws<UsageException>(() => KvpEventWriter.Write(One() with { Name = new string('ü', 190), Message = new string('x', 2000) }));
    }

    private static KvpEvent One() => new()
    {
        Agent = KvpEventWriter.CloudInit,
        Incarnation = 1700000000,
        VmId = Guid.Parse(Vm),
        Type = "diagnostic",
        Name = "n",
        Id = Id,
        Time = "2023-11-14T22:13:25+00:00",
        Message = "",
    };

    private static Gen<KvpEvent> Events()
    {
        // Characters of all lengths, those that must be escaped among them; short texts, and some of several pieces.
        Gen<string> character = Gen.OneOf(
            Gen.Choose(0x20, 0x7E).Select(static one => ((char)one).ToString()),
            Gen.Elements("\"", "\\", "\n", "\u0001", "\u009b", "ü", "語", "🚌", "\u202e", "|", "\u2028"));
        Gen<string> text = Gen.Choose(0, 12).SelectMany(many => character.ArrayOf(many * many * 20 + many)).Select(string.Concat);
        Gen<string> part = Gen.Elements("start", "modules-final/app", "grüße", "a\"b", "x");
        return from agent in Gen.Elements(KvpEventWriter.CloudInit, "azure-init-0.1.1")
               from type in part
               from name in part
               from message in text
               from vm in Gen.Elements(Guid.Empty, Guid.Parse(Vm))
               from incarnation in Gen.Choose(0, int.MaxValue)
               from result in Gen.Elements<string?>(null, "SUCCESS", "FAIL")
               let isCloudInit = agent == KvpEventWriter.CloudInit
               select new KvpEvent
               {
                   Agent = agent,
                   Incarnation = isCloudInit ? incarnation : null,
                   VmId = vm,
                   Type = type,
                   Name = name,
                   Id = Id,
                   Time = isCloudInit ? string.Create(CultureInfo.InvariantCulture, $"2023-11-14T22:13:{incarnation % 60:00}+00:00") : null,
                   Result = isCloudInit ? result : null,
                   Message = message,
               };
    }
}
