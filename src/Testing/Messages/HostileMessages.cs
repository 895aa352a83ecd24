// What a hostile end of a connection may post: real messages cut, altered, doubled, held back and sent again, and invented ones.
// Three in eight of the numbers in those come from real messages: most others are refused before they reach much code.

using System.Buffers.Binary;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Testing;

/// <summary>
/// Generates hostile channel messages for either end: malformed, out of order, duplicated, dropped, invented. Pass
/// <see cref="Deliver"/> to a <see cref="MessageTap"/>. The same seed does the same to the same messages. Use it on one thread
/// at a time, like a tap.
/// </summary>
public sealed class HostileMessages
{
    private const int Remembered = 16;

    private readonly int _seed;
    private readonly Random _random;
    private readonly List<TestMessage> _seen = [];      // the last ones, to be said again and to take numbers from
    private readonly Queue<string> _did = new();
    private TestMessage? _heldBack;

    /// <summary>Creates a source of messages.</summary>
    /// <param name="seed">The seed of its random numbers.</param>
    public HostileMessages(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
    }

    /// <summary>The percentage of messages to tamper with.</summary>
    public int Percentage { get; init; } = 30;

    /// <summary>Decides what to deliver in place of a message: for the constructor of <see cref="MessageTap"/>.</summary>
    /// <param name="message">The message.</param>
    /// <returns>In most cases the message itself.</returns>
    public IEnumerable<TestMessage> Deliver(TestMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_seen.Count == Remembered)
            _seen.RemoveAt(0);
        _seen.Add(message);
        List<TestMessage> delivered = _random.Next(100) < Percentage ? Tamper(message) : [message];
        if (_heldBack is { } late && !ReferenceEquals(late, message))
        {
            delivered.Add(late);
            _heldBack = null;
        }
        return delivered;
    }

    /// <summary>Creates a random message: of any type, with mostly plausible numbers.</summary>
    /// <param name="direction">The direction of the message.</param>
    public TestMessage Next(MessageDirection direction)
    {
        ChannelMessageRule[] rules = [.. ChannelMessages.All];
        // A message of the wrong direction now and then.
        if (_random.Next(8) != 0)
            rules = [.. rules.Where(rule => rule.Direction == direction)];
        ChannelMessageRule rule = rules[_random.Next(rules.Length)];
        int length = _random.Next(6) switch
        {
            0 => _random.Next(ChannelMessages.MaxLength + 1),
            1 => ChannelMessages.MaxLength,
            _ => rule.MinimumLength(new NegotiatedVersion(ProtocolVersion.Copper, (FeatureFlags)uint.MaxValue)),
        };
        byte[] bytes = new byte[Math.Max(length, ChannelMessageHeader.Size)];
        if (_random.Next(3) == 0)
            _random.NextBytes(bytes);
        for (int offset = ChannelMessageHeader.Size; offset + sizeof(uint) <= Math.Min(bytes.Length, 40); offset += sizeof(uint))
        {
            if (_random.Next(4) != 0)
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), AnyNumber());
        }
        uint type = _random.Next(20) == 0 ? AnyNumber() : (uint)rule.Type;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, type);
        return new TestMessage(direction, bytes.AsMemory(0, length));
    }

    /// <summary>The seed and the last actions, oldest first: for the message of a failed test.</summary>
    public override string ToString() => $"(seed {_seed}) {(_did.Count == 0 ? "nothing" : string.Join("; ", _did))}";

    private List<TestMessage> Tamper(TestMessage message)
    {
        switch (_random.Next(9))
        {
            case 0:
                return Note("dropped", message, []);
            case 1:
                return Note("doubled", message, [message, message]);
            case 2 when _heldBack is null:
                _heldBack = message;
                return Note("held back", message, []);
            case 3:
                return Note("cut", message, [message with { Bytes = message.Bytes[.._random.Next(message.Bytes.Length)] }]);
            case 4:
                return Note("lengthened", message, [message with { Bytes = Longer(message.Bytes.Span) }]);
            case 5 or 6:
                return Note("altered", message, [Altered(message)]);
            case 7:
                return Note("said again", message, [message, _seen[_random.Next(_seen.Count)]]);
            default:
                TestMessage invented = Next((MessageDirection)_random.Next(2));
                return Note($"sent {invented.Name} of {invented.Bytes.Length} bytes beside", message, _random.Next(2) == 0 ? [invented, message] : [message, invented]);
        }
    }

    private List<TestMessage> Note(string what, TestMessage message, List<TestMessage> delivered)
    {
        if (_did.Count == Remembered)
            _did.Dequeue();
        _did.Enqueue($"{what} {message.Name}");
        return delivered;
    }

    private byte[] Longer(ReadOnlySpan<byte> bytes)
    {
        byte[] longer = new byte[bytes.Length + _random.Next(1, 64)];
        _random.NextBytes(longer);
        bytes.CopyTo(longer);
        return longer;
    }

    private TestMessage Altered(TestMessage message)
    {
        int words = message.Bytes.Length / sizeof(uint);
        if (words == 0)
            return message;
        for (int times = _random.Next(1, 4); times > 0; times--)
            message = message.WithUInt32(sizeof(uint) * _random.Next(_random.Next(4) == 0 ? 0 : Math.Min(2, words - 1), words), AnyNumber());
        return message;
    }

    private uint AnyNumber()
    {
        switch (_random.Next(8))
        {
            case 0:
                return 0;
            case 1:
                return uint.MaxValue;
            case 2:
                return 1u << _random.Next(32);
            case 3:
                return (uint)_random.NextInt64(1L << 32);
            case 4:
                return (uint)_random.Next(64);
            default:
                // A relid, a GPADL, a connection of a real message.
                if (_seen.Count == 0)
                    return 1;
                ReadOnlySpan<byte> bytes = _seen[_random.Next(_seen.Count)].Bytes.Span;
                int words = Math.Min(bytes.Length, 40) / sizeof(uint);
                return words <= 2 ? 1 : BinaryPrimitives.ReadUInt32LittleEndian(bytes[(sizeof(uint) * _random.Next(2, words))..]);
        }
    }
}
