// Takes fields off the front of a message as long as they are whole. What is behind the end is not there, not zero.

using System.Buffers.Binary;

namespace VmBus.Protocol;

/// <summary>Takes fields off the front of a message; once one is cut, nothing more is taken or added.</summary>
internal ref struct FieldReader(ReadOnlySpan<byte> rest, List<MessageField> fields)
{
    private readonly List<MessageField> _fields = fields;
    private ReadOnlySpan<byte> _rest = rest;

    /// <summary>Whether the message ended within a field.</summary>
    public bool IsCut { get; private set; }

    /// <summary>How many bytes are left to take.</summary>
    public readonly int Left => IsCut ? 0 : _rest.Length;

    public byte UInt8() => (byte)Take(sizeof(byte));

    public ushort UInt16() => (ushort)Take(sizeof(ushort));

    public uint UInt32() => (uint)Take(sizeof(uint));

    public ulong UInt64() => Take(sizeof(ulong));

    public Guid Guid()
    {
        const int Size = 16;
        return TryTake(Size, out ReadOnlySpan<byte> bytes) ? new Guid(bytes) : default;
    }

    /// <summary>Adds a field, if what it was read from was whole.</summary>
    public readonly void Add(string name, string text, string? brief = null, ulong? number = null)
    {
        if (!IsCut)
            _fields.Add(new MessageField(name, text, brief, number));
    }

    /// <summary>Reads the channel.</summary>
    public void Relid()
    {
        uint relid = UInt32();
        Add("relid", $"{relid}", $"relid {relid}", relid);
    }

    /// <summary>Reads the handle of a GPADL.</summary>
    public void Gpadl()
    {
        uint gpadl = UInt32();
        Add("gpadl", $"0x{gpadl:X}", $"gpadl 0x{gpadl:X}", gpadl);
    }

    /// <summary>Reads the VP that is interrupted or gets messages.</summary>
    public void TargetVp()
    {
        uint vp = UInt32();
        if (vp == OpenChannel.InterruptsDisabled)
            Add("target_vp", "none: interrupts disabled", "no interrupts", vp);
        else
            Add("target_vp", $"{vp}", $"VP {vp}", vp);
    }

    /// <summary>Reads a SINT of four bytes.</summary>
    public void TargetSint()
    {
        uint sint = UInt32();
        Add("target_sint", $"{sint}", $"SINT {sint}", sint);
    }

    /// <summary>Reads where the host-to-guest ring starts.</summary>
    public void DownstreamPageOffset()
    {
        uint pages = UInt32();
        Add("downstream_page_offset", $"page {pages} of the memory of both rings", $"incoming ring at page {pages}", pages);
    }

    /// <summary>Reads the address of a page.</summary>
    public void Address(string name) => Add(name, ValueText.Address(UInt64()));

    /// <summary>Reads the addresses of both monitor pages.</summary>
    public void MonitorPages()
    {
        Address("parent_to_child_monitor_page");
        Address("child_to_parent_monitor_page");
    }

    /// <summary>Reads how a request went.</summary>
    public void Status()
    {
        uint status = UInt32();
        string text = ValueText.Status((ChannelMessageStatus)status);
        bool isNamed = Enum.IsDefined((ChannelMessageStatus)status);
        Add("status", isNamed && status != 0 ? $"{text} (0x{status:X8})" : text, isNamed ? text : $"status {text}");
    }

    /// <summary>Reads a field that is zero; it is told only where it is not.</summary>
    public void Reserved(string name, int size)
    {
        if (Take(size) is not 0 and var value)
            Add(name, $"0x{value:X}");
    }

    /// <summary>Reads bytes that only the device understands.</summary>
    public void Bytes(string name, int count)
    {
        if (TryTake(count, out ReadOnlySpan<byte> bytes))
            Add(name, ValueText.Dump(bytes));
    }

    /// <summary>Takes up to so many page numbers.</summary>
    public List<ulong> PageFrames(long count)
    {
        List<ulong> frames = [];
        while (frames.Count < count && Left >= sizeof(ulong))
            frames.Add(UInt64());
        return frames;
    }

    /// <summary>Adds whatever was not taken.</summary>
    public readonly void Rest(string name)
    {
        if (!_rest.IsEmpty)
            _fields.Add(new MessageField(name, ValueText.Dump(_rest)));
    }

    private ulong Take(int size)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        word.Clear();
        if (TryTake(size, out ReadOnlySpan<byte> bytes))
            bytes.CopyTo(word);
        return BinaryPrimitives.ReadUInt64LittleEndian(word);
    }

    private bool TryTake(int size, out ReadOnlySpan<byte> bytes)
    {
        IsCut |= _rest.Length < size;
        bytes = IsCut ? default : _rest[..size];
        _rest = _rest[bytes.Length..];
        return !IsCut;
    }
}
