// The seeds of the protocol's targets: for each version a conversation of an honest guest with an honest host, as each of
// them hears it; and GPADLs as our guest shows them.

using VmBus.Layout;
using VmBus.Protocol;
using Ask = VmBus.Fuzz.GuestTarget.Operation;
using Do = VmBus.Fuzz.HostTarget.Operation;

namespace VmBus.Fuzz;

/// <summary>Writes <c>guest/seed-*</c>, <c>host/seed-*</c> and <c>gpadl/seed-*</c>.</summary>
internal static class ProtocolSeeds
{
    public static void Write(string directory)
    {
        foreach (string target in (ReadOnlySpan<string>)["guest", "host", "gpadl"])
            Directory.CreateDirectory(Path.Combine(directory, target));
        for (int index = 0; index < ProtocolVersion.Known.Count; index++)
        {
            var talk = new Conversation(index);
            talk.Run();
            ProtocolVersion version = ProtocolVersion.Known[index];
            File.WriteAllBytes(Path.Combine(directory, "guest", $"seed-{version}"), [.. talk.HeardByGuest]);
            File.WriteAllBytes(Path.Combine(directory, "host", $"seed-{version}"), [.. talk.HeardByHost]);
        }

        File.WriteAllBytes(Path.Combine(directory, "guest", "seed-connects"), [1, Code(Ask.Connect), 0, Code(Ask.Post), 0, Code(Ask.PostBadly), 1, Code(Ask.Wait), 40, Code(Ask.Connect), 0, Code(Ask.Unload), 0]);
        File.WriteAllBytes(Path.Combine(directory, "host", "seed-hears-nothing"), [1, Code(Do.Reset), 0, Code(Do.Offer), 1, Code(Do.Revoke), 0]);
        Gpadl(directory, "one-range", [GpadlRange.OfPages(0x1000, 4)]);
        Gpadl(directory, "bodies", [GpadlRange.OfPages(0x1000, 90)]);
        Gpadl(directory, "two-ranges", [new GpadlRange(100, 200, new ulong[] { 7 }), new GpadlRange(4095, 2, new ulong[] { 8, 9 })]);
        Gpadl(directory, "many-ranges", [.. Enumerable.Range(0, 40).Select(page => GpadlRange.OfPages((ulong)page << 12, 1))]);
    }

    private static void Gpadl(string directory, string name, IReadOnlyList<GpadlRange> ranges)
    {
        IReadOnlyList<byte[]> messages = GpadlMessages.Encode(1, 2, ranges);
        GpadlHeader header = ChannelMessages.Read<GpadlHeader>(messages[0]);
        List<byte> bytes = [.. BitConverter.GetBytes(header.RangeBufferLength), .. BitConverter.GetBytes(header.RangeCount)];
        for (int index = 0; index < messages.Count; index++)
        {
            byte[] rest = messages[index][(index == 0 ? GpadlHeader.Size : GpadlBody.Size)..];
            bytes.Add((byte)rest.Length);
            bytes.AddRange(rest);
        }

        File.WriteAllBytes(Path.Combine(directory, "gpadl", "seed-" + name), [.. bytes]);
    }

    private static byte Code(Ask operation) => (byte)(128 + (int)operation);

    private static byte Code(Do operation) => (byte)(128 + (int)operation);

    private sealed class Conversation
    {
        private readonly ProtocolVersion _version;
        private readonly GuestProtocol _guest;
        private readonly HostProtocol _host;
        private readonly OfferId _offer;

        public Conversation(int index)
        {
            _version = ProtocolVersion.Known[index];
            var clock = new ManualClock();
            _guest = new GuestProtocol(new GuestProtocolOptions { Versions = [_version], Features = (FeatureFlags)0x3F }, clock);
            _host = new HostProtocol(new HostProtocolOptions { VpCount = 4, Features = (FeatureFlags)0x3F }, clock);
            _offer = Offer(1);
            Offer(2);
            _guest.Connect(new GuestPages(0x3000, 0x1000, 0x2000));
            Flow();
            HeardByGuest = [(byte)(index << 1)];
            HeardByHost = [(byte)(index << 1)];
        }

        public List<byte> HeardByGuest { get; private set; } = [];

        public List<byte> HeardByHost { get; private set; } = [];

        // A relid lies in the three low bits of a request's byte, a GPADL in the next three, or its pages, four at a time.
        public void Run()
        {
            Request(Ask.RequestOffers, 0);
            HeardByHost = HeardByHost[..1];             // that was heard before the input begins
            Request(Ask.CreateGpadl, 1 | 1 << 3);
            Request(Ask.CreateGpadl, 1 | 31 << 3);
            Request(Ask.Open, 1);
            if (_version >= ProtocolVersion.Win10Rs3)
                Request(Ask.Modify, 1);
            Request(Ask.Close, 1);
            Request(Ask.TeardownGpadl, 0);
            if (_version >= ProtocolVersion.Win10)
            {
                Request(Ask.CreateGpadl, 2 | 1 << 3);
                Request(Ask.OpenReserved, 2 | 2 << 3);
                Request(Ask.CloseReserved, 2);
                Request(Ask.ConnectTransport, 3);
            }

            if (_version >= ProtocolVersion.Copper)
            {
                Request(Ask.ModifyConnection, 0);
                Request(Ask.Pause, 0);
                Request(Ask.Resume, 0);
            }

            _host.Revoke(_offer);
            HeardByHost.AddRange([Code(Do.Revoke), 0]);
            Flow();
            Request(Ask.Release, 1);
            Request(Ask.Unload, 0);
            HeardByGuest.AddRange([Code(Ask.Take), 0]);
        }

        private OfferId Offer(int instance) => _host.Offer(new HostOffer(default, new Guid(instance, 0, 0, new byte[8])) { MonitorLatency = TimeSpan.FromMicroseconds(100) });

        private void Request(Ask operation, byte value)
        {
            HeardByGuest.AddRange([Code(operation), value]);
            GuestTarget.Request(_guest, operation, value & 7u, GuestProtocol.FirstGpadl + (uint)(value >> 3 & 7), value);
            Flow();
        }

        private void Flow()
        {
            for (bool moved = true; moved;)
            {
                moved = false;
                while (_guest.TryPeekPost(out QueuedMessage message))
                {
                    HeardByGuest.AddRange([Code(Ask.Post), 0]);
                    _guest.CompletePost(HypercallStatus.Success);
                    Hear(HeardByHost, message, Code(Do.LongMessage));
                    _host.Receive(message.Bytes.Span);
                    moved = true;
                }

                while (_host.TryTakeAction(out HostAction action))
                    Answer(action);
                while (_host.TryPeekPost(out QueuedMessage message))
                {
                    HeardByHost.AddRange([Code(Do.Post), 0]);
                    _host.CompletePost(HypercallStatus.Success);
                    Hear(HeardByGuest, message, Code(Ask.LongMessage));
                    _guest.Receive(message.Bytes.Span);
                    moved = true;
                }
            }
        }

        private static void Hear(List<byte> heard, QueuedMessage message, byte longest)
        {
            ReadOnlySpan<byte> bytes = message.Bytes.Span;
            heard.Add(bytes.Length < 128 ? (byte)bytes.Length : longest);
            heard.AddRange(bytes);
            if (bytes.Length >= 128)
                heard.AddRange(new byte[ChannelMessages.MaxLength - bytes.Length]);
        }

        private void Answer(HostAction action)
        {
            if (action is not (HostAction.Offered or HostAction.Released))
                HeardByHost.AddRange([Code(Do.Answer), 0]);
            HostAnswers.Give(_host, action);
        }
    }
}
