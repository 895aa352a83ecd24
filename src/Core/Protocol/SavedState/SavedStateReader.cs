// Reads a saved state that may come from anywhere: every length is checked against what is there before it is used, so
// that no more memory is taken than the state has bytes.

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using VmBus.Layout;

namespace VmBus.Protocol;

internal ref struct SavedStateReader
{
    private readonly ReadOnlySpan<byte> _state;
    private int _recordEnd = SavedStateFormat.HeadSize;
    private int _at = SavedStateFormat.HeadSize;

    /// <summary>Checks the head.</summary>
    /// <exception cref="SavedStateException">It is not that of a sound state of the kind.</exception>
    public SavedStateReader(ReadOnlySpan<byte> state, SavedStateKind kind)
    {
        _state = state;
        if (state.Length < SavedStateFormat.HeadSize)
            Fail(SavedStateFault.Truncated, state.Length, $"{state.Length} bytes are less than a header of {SavedStateFormat.HeadSize}");
        if (!state.StartsWith(SavedStateFormat.Magic))
            Fail(SavedStateFault.NotASavedState, 0, "it does not begin with VMBUSSAV");
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(state[SavedStateFormat.VersionOffset..]);
        if (version != SavedStateFormat.Version)
            Fail(SavedStateFault.UnknownVersion, SavedStateFormat.VersionOffset, $"it has version {version}; this reader supports {SavedStateFormat.Version}");
        var found = (SavedStateKind)BinaryPrimitives.ReadUInt16LittleEndian(state[SavedStateFormat.KindOffset..]);
        if (found != kind)
            Fail(SavedStateFault.WrongKind, SavedStateFormat.KindOffset, $"it is of {found}, not of {kind}");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(state[SavedStateFormat.LengthOffset..]);
        if (length != (uint)(state.Length - SavedStateFormat.HeadSize))
            Fail(SavedStateFault.WrongLength, SavedStateFormat.LengthOffset, $"its header states a body of {length} bytes, but it has {state.Length - SavedStateFormat.HeadSize}");
        if (BinaryPrimitives.ReadUInt32LittleEndian(state[SavedStateFormat.ChecksumOffset..]) != SavedStateFormat.ChecksumOf(state))
            Fail(SavedStateFault.WrongChecksum, SavedStateFormat.ChecksumOffset, "the checksum does not match");
    }

    /// <summary>Goes on to the next record, which must be this one. The one before must be used up.</summary>
    public void Enter(SavedStateRecord record)
    {
        CheckUsedUp();
        _recordEnd = _state.Length;
        var found = (SavedStateRecord)UInt16();
        if (found != record)
            Fail(SavedStateFault.WrongRecord, $"there is record {(ushort)found} where {record} ({(ushort)record}) comes");
        if (UInt16() != 0)
            Fail(SavedStateFault.WrongRecord, $"the header of record {record} has a field that is not zero");
        uint length = UInt32();
        if (length > (uint)(_state.Length - _at))
            Fail(SavedStateFault.Truncated, $"record {record} says {length} bytes, and {_state.Length - _at} are left");
        _recordEnd = _at + (int)length;
    }

    /// <summary>Checks that nothing is left.</summary>
    public readonly void End()
    {
        CheckUsedUp();
        if (_at != _state.Length)
            Fail(SavedStateFault.WrongRecord, $"{_state.Length - _at} bytes follow the last record");
    }

    public byte Byte() => Take(1)[0];

    public bool Bool()
    {
        byte value = Byte();
        Check(value <= 1, $"{value} is not a boolean (0 or 1)");
        return value == 1;
    }

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public Guid Guid() => new(Take(16));

    /// <summary>At most a thousand years: nothing here waits longer, and sums do not overflow.</summary>
    public TimeSpan Time()
    {
        ulong ticks = UInt64();
        Check(ticks <= 365_000UL * TimeSpan.TicksPerDay, $"{ticks} units of 100 ns exceed the longest wait");
        return TimeSpan.FromTicks((long)ticks);
    }

    /// <summary>The number of things that follow, each of at least so many bytes.</summary>
    public int Count(int least)
    {
        uint count = UInt32();
        if (count > (uint)(_recordEnd - _at) / (uint)least)
            Fail(SavedStateFault.Truncated, $"{count} items of at least {least} bytes are more than the {_recordEnd - _at} bytes left");
        return (int)count;
    }

    public uint? Optional() => Bool() ? UInt32() : null;

    public ReadOnlySpan<byte> Bytes() => Take(Count(1));

    public ulong[] Words()
    {
        var words = new ulong[Count(sizeof(ulong))];
        for (int word = 0; word < words.Length; word++)
            words[word] = UInt64();
        return words;
    }

    /// <summary>One of the values of an enumeration that begins at zero.</summary>
    public T Enum<T>(T last) where T : unmanaged, Enum
    {
        byte value = Byte();
        int most = Convert.ToInt32(last, System.Globalization.CultureInfo.InvariantCulture);
        Check(value <= most, $"{typeof(T).Name} has no {value}");
        return (T)System.Enum.ToObject(typeof(T), value);
    }

    /// <summary>A version that is known and its features, or none of both.</summary>
    public NegotiatedVersion Version()
    {
        uint value = UInt32();
        var features = (FeatureFlags)UInt32();
        if (value == 0)
        {
            Check(features == FeatureFlags.None, "features are negotiated, but no version");
            return default;
        }
        ProtocolVersion version = ProtocolVersion.Known.FirstOrDefault(known => known.Value == value);
        Check(version != default, $"0x{value:x} is no version");
        var negotiated = new NegotiatedVersion(version, features);
        Allow(SavedStateRule.AnyFeature, features != FeatureFlags.None, negotiated);
        return negotiated;
    }

    public MessageTarget Target() => new(UInt32(), Byte(), Byte());

    public MonitorPageAddresses Pages() => new(UInt64(), UInt64());

    public MonitorPageAddresses? OptionalPages() => Bool() ? Pages() : null;

    /// <summary>Says that a value cannot be, unless it can.</summary>
    public readonly void Check([DoesNotReturnIf(false)] bool possible, string reason)
    {
        if (!possible)
            Fail(SavedStateFault.ImpossibleValue, reason);
    }

    /// <summary>Says that a connection cannot have what the state says it has, unless its version has it.</summary>
    public readonly void Allow(SavedStateRule rule, bool isThere, NegotiatedVersion version)
    {
        if (isThere && !rule.IsIn(version))
            Fail(SavedStateFault.ImpossibleValue, $"there is {rule.What} in a connection of {version}");
    }

    /// <summary>Says that the state needs other options, unless it fits these.</summary>
    public readonly void CheckFit(bool fits, string reason)
    {
        if (!fits)
            Fail(SavedStateFault.DoesNotFit, reason);
    }

    private readonly void CheckUsedUp()
    {
        if (_at != _recordEnd)
            Fail(SavedStateFault.WrongRecord, $"{_recordEnd - _at} bytes of a record are left over");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _recordEnd - _at)
            Fail(SavedStateFault.Truncated, $"{count} bytes are expected, but {_recordEnd - _at} are left");
        ReadOnlySpan<byte> taken = _state.Slice(_at, count);
        _at += count;
        return taken;
    }

    [DoesNotReturn]
    private readonly void Fail(SavedStateFault fault, string reason) => Fail(fault, _at, reason);

    [DoesNotReturn]
    private static void Fail(SavedStateFault fault, int offset, string reason) => throw new SavedStateException(fault, offset, reason);
}
