// A hostile other side of an integration component: packets as they come, or with sound headers and a body of a few bytes
// here and there. The input's first byte says which component and which side of it is tried.

using System.Buffers.Binary;
using VmBus.Integration;

namespace VmBus.Fuzz;

/// <summary>Law: whatever comes is answered, taken or dropped, and counted once; nothing throws, and nothing grows.</summary>
public static class ComponentsTarget
{
    /// <summary>In the first byte: the host's side is tried, by a guest's packets.</summary>
    public const byte HostSide = 4;

    /// <summary>In the first byte: versions are agreed on before the first packet.</summary>
    public const byte Negotiated = 8;

    /// <summary>In the first byte: file copies, whatever the low two bits say.</summary>
    public const byte FileCopies = 16;

    private const int MaxBodyLength = 7600;
    private const int MaxPairs = 4;
    private const int HeadLength = IcPipeHeader.Size + IcMessageHeader.Size;

    /// <summary>What the low two bits of an operation say.</summary>
    public enum Operation : byte
    {
        /// <summary>A packet as it stands in the input: its length in two bytes, then it.</summary>
        Raw = 0,

        /// <summary>
        /// A packet with sound headers. Bits 2 to 5: its type, 0 for the component's own, else one less than the type. Then
        /// the body's length in two bytes, and a number of patches: offset in two bytes, length in one, bytes. All else is zero.
        /// </summary>
        Sound = 1,

        /// <summary>Time goes by: as many milliseconds as four bytes say.</summary>
        Wait = 2,

        /// <summary>The next sound packet has the transaction id and flags of two bytes that follow.</summary>
        Odd = 3,
    }

    /// <summary>Runs one input.</summary>
    public static void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        byte options = input.Byte();
        var clock = new ManualClock();
        if ((options & HostSide) == 0)
            new GuestRun(options, clock).Go(ref input);
        else
            new HostRun(options, clock).Go(ref input);
    }

    private static IntegrationGuest Guest(byte options, ManualClock clock, KvpStore pairs, FuzzFiles files, Action<ShutdownRequest> act) => (options & (FileCopies | 3)) switch
    {
        >= FileCopies => new FileCopyGuest(files, new FileCopyGuestOptions { Clock = clock }),
        0 => new HeartbeatGuest { State = IcGuestState.Healthy },
        1 => new TimeSyncGuest(clock, () => (ulong)clock.GetTimestamp()),
        2 => new ShutdownGuest(act, static _ => true),
        _ => new KvpGuest(pairs),
    };

    private static IntegrationHost Host(byte options, ManualClock clock) => (options & (FileCopies | 3)) switch
    {
        >= FileCopies => new FileCopyHost(clock),
        0 => new HeartbeatHost(clock),
        1 => new TimeSyncHost(clock, () => (ulong)clock.GetTimestamp()),
        2 => new ShutdownHost(clock),
        _ => new KvpHost(clock),
    };

    /// <summary>A packet of an operation, in a buffer of its own length.</summary>
    private static byte[] Packet(ref FuzzInput input, byte operation, IcMessageType own, byte transaction, byte flags)
    {
        if ((Operation)(operation & 3) == Operation.Raw)
            return input.Take(Half(ref input)).ToArray();

        int type = operation >> 2 & 15;
        int length = Half(ref input) % MaxBodyLength;
        byte[] packet = new byte[HeadLength + length];
        BinaryPrimitives.WriteUInt32LittleEndian(packet, 1);
        BinaryPrimitives.WriteInt32LittleEndian(packet.AsSpan(4), IcMessageHeader.Size + length);
        BinaryPrimitives.WriteUInt16LittleEndian(packet.AsSpan(12), type == 0 ? (ushort)own : (ushort)(type - 1));
        BinaryPrimitives.WriteUInt16LittleEndian(packet.AsSpan(18), (ushort)length);
        packet[24] = transaction;
        packet[25] = flags;
        for (int patches = input.Byte(); patches > 0 && !input.IsEmpty; patches--)
        {
            int at = Math.Min(Half(ref input), length);
            ReadOnlySpan<byte> patch = input.Take(input.Byte());
            patch[..Math.Min(patch.Length, length - at)].CopyTo(packet.AsSpan(HeadLength + at));
        }

        return packet;
    }

    private static int Half(ref FuzzInput input) => input.Byte() | input.Byte() << 8;

    private sealed class GuestRun
    {
        private readonly KvpStore _pairs = new(MaxPairs);
        private readonly FuzzFiles _files = new();
        private readonly IntegrationGuest _guest;
        private readonly ManualClock _clock;
        private readonly bool _negotiated;
        private readonly byte[] _answer = new byte[1 << 16];
        private readonly byte _options;
        private int _acted;

        public GuestRun(byte options, ManualClock clock)
        {
            _options = options;
            _clock = clock;
            _negotiated = (options & Negotiated) != 0;
            _guest = Guest(options, clock, _pairs, _files, _ => _acted++);
            for (uint i = 0; i < 2; i++)
                _pairs.Set(IcKvpPool.External, $"{i}", KvpValue.Of(i));
        }

        public void Go(ref FuzzInput input)
        {
            byte transaction = 0, flags = (byte)(IcMessageFlags.Transaction | IcMessageFlags.Request);
            if (_negotiated)
            {
                byte[] offer = new byte[256];
                FindingException.Unless(Host(_options, _clock).TryWriteRequest(offer, out int length), "No versions were offered.");
                Handle(offer[..length]);
                FindingException.Unless(_guest.MessageVersion is not null, "Sound versions were refused.");
            }

            while (!input.IsEmpty)
            {
                byte operation = input.Byte();
                switch ((Operation)(operation & 3))
                {
                    case Operation.Wait:
                        _clock.Advance(TimeSpan.FromMilliseconds(input.Word()));
                        _guest.DoWhatIsDue();
                        FindingException.Unless(_guest.DueIn != TimeSpan.Zero, "What was due is still due.");
                        break;
                    case Operation.Odd:
                        transaction = input.Byte();
                        flags = input.Byte();
                        break;
                    default:
                        Handle(Packet(ref input, operation, _guest.MessageType, transaction, flags));
                        break;
                }
            }

            _guest.Close();
            FindingException.Unless(_files.Open == 0, "A file was left open.");
        }

        private void Handle(byte[] packet)
        {
            IntegrationGuestStatistics before = _guest.GetStatistics();
            int acted = _acted, length = _guest.Handle(packet, _answer);
            IntegrationGuestStatistics after = _guest.GetStatistics();
            FindingException.Unless(acted == _acted, "The guest acted before its answer was sent.");
            if (length == 0)
            {
                FindingException.Unless(after == before with { Dropped = before.Dropped + 1 }, "A packet without an answer was counted as another.");
                return;
            }

            FindingException.Unless(length == packet.Length, $"The answer to {packet.Length} bytes has {length}.");
            FindingException.Unless(_answer[25] == (byte)(IcMessageFlags.Transaction | IcMessageFlags.Response), "The answer's flags are not an answer's.");
            FindingException.Unless(_answer[24] == packet[24], "The answer's transaction id is another.");
            FindingException.Unless(after.Dropped == before.Dropped, "A packet with an answer was dropped.");
            FindingException.Unless(Counted(after) > Counted(before), "A packet with an answer was not counted.");
            FindingException.Unless((_guest.MessageVersion is null) == (_guest.FrameworkVersion is null), "Half of the versions were agreed on.");
            _guest.AnswerSent();
            FindingException.Unless(_acted - acted <= 1, "The guest acted twice.");
            FindingException.Unless(_files.Open == (_guest is FileCopyGuest { Current: not null } ? 1 : 0), "The files open are not the copy under way.");
            FindingException.Unless(!_pairs.TryGetAt(IcKvpPool.External, MaxPairs, out _, out _), "The store has grown past its limit.");
        }

        private static long Counted(IntegrationGuestStatistics counted)
            => counted.Negotiations + counted.Answers + counted.Refused + counted.Malformed;
    }

    private sealed class HostRun
    {
        private readonly IntegrationHost _host;
        private readonly ManualClock _clock;
        private readonly bool _negotiated;
        private readonly byte[] _request = new byte[8192];
        private readonly byte _options;
        private readonly List<Task> _asked = [];
        private int _questions;

        public HostRun(byte options, ManualClock clock)
        {
            _options = options;
            _clock = clock;
            _negotiated = (options & Negotiated) != 0;
            _host = Host(options, clock);
        }

        public void Go(ref FuzzInput input)
        {
            byte? transaction = null, flags = null;
            if (_negotiated)
                Agree();
            while (!input.IsEmpty)
            {
                byte operation = input.Byte();
                switch ((Operation)(operation & 3))
                {
                    case Operation.Wait:
                        _clock.Advance(TimeSpan.FromMilliseconds(input.Word()));
                        Ask();
                        break;
                    case Operation.Odd:
                        transaction = input.Byte();
                        flags = input.Byte();
                        break;
                    default:
                        Ask();
                        Handle(Packet(ref input, operation, _host.MessageType, transaction ?? _request[24], flags ?? (byte)(IcMessageFlags.Transaction | IcMessageFlags.Response)));
                        transaction = flags = null;
                        break;
                }
            }

            _host.Close(new PeerDisconnectedException("The input is at its end."));
            FindingException.Unless(_asked.TrueForAll(task => task.IsCompleted), "A question was never answered.");
            _asked.ForEach(task => GC.KeepAlive(task.Exception));
        }

        private void Agree()
        {
            Ask();
            byte[] answer = new byte[_request.Length];
            int length = Guest(_options, _clock, new KvpStore(), new FuzzFiles(), static _ => { }).Handle(_request, answer);
            Handle(answer[..length]);
            FindingException.Unless(_host.State == IntegrationHostState.Ready, "Sound versions were refused.");
        }

        private void Ask()
        {
            if (_asked.Count < 256)
            {
                if (_host is KvpHost pairs && pairs.DueIn == Timeout.InfiniteTimeSpan)
                    _asked.Add(pairs.AskAsync(Question()));
                else if (_host is FileCopyHost files && files.DueIn == Timeout.InfiniteTimeSpan)
                    _asked.Add(files.CopyAsync(new FileCopyRequest("f", "/", 7000), new MemoryStream(new byte[_asked.Count % 3 == 2 ? 6500 : 7000])));
                else if (_host is ShutdownHost shutdown && shutdown.DueIn == Timeout.InfiniteTimeSpan)
                    _asked.Add(shutdown.AskAsync(new ShutdownRequest(IcShutdownFlags.Restart)));
            }

            long before = _host.GetStatistics().Requests;
            bool any = _host.TryWriteRequest(_request, out int length);
            FindingException.Unless(any == (length >= HeadLength) && _host.GetStatistics().Requests == before + (any ? 1 : 0), "A request was miscounted.");
            FindingException.Unless(!any || _host.DueIn > TimeSpan.Zero, "Two requests would be under way.");
        }

        private void Handle(byte[] packet)
        {
            IntegrationHostStatistics before = _host.GetStatistics();
            bool taken = _host.Handle(packet);
            IntegrationHostStatistics after = _host.GetStatistics();
            FindingException.Unless(after.Answers - before.Answers == (taken ? 1 : 0), "An answer was miscounted.");
            FindingException.Unless(after.Stray + after.Dropped - before.Stray - before.Dropped == (taken ? 0 : 1), "A packet was miscounted.");
            FindingException.Unless(_host.State != IntegrationHostState.Ready || _host.MessageVersion is not null, "It is ready without versions.");
        }

        private KvpRequest Question() => (_questions++ % 4) switch
        {
            0 => KvpRequest.Get(IcKvpPool.Auto, "a"),
            1 => KvpRequest.Enumerate(IcKvpPool.Auto, 0),
            2 => KvpRequest.GetAddresses("a", IcKvpAddressFamily.IPv4),
            _ => KvpRequest.Set(IcKvpPool.Auto, "a", KvpValue.Of(1u)),
        };
    }
}
