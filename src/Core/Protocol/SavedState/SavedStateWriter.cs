// Writes a saved state: the counterpart of SavedStateReader, method by method.

using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VmBus.Protocol;

internal sealed class SavedStateWriter
{
    private readonly SavedStateKind _kind;
    private readonly ArrayBufferWriter<byte> _body = new();
    private int _recordAt;

    public SavedStateWriter(SavedStateKind kind) => _kind = kind;

    /// <summary>Begins a record. Records do not nest.</summary>
    public void Begin(SavedStateRecord record)
    {
        EndRecord();
        _recordAt = _body.WrittenCount;
        UInt16((ushort)record);
        UInt16(0);
        UInt32(0);
    }

    public void Byte(byte value) => _body.Write([value]);

    public void Bool(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(sizeof(ushort)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(sizeof(uint)), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(sizeof(ulong)), value);

    public void Guid(Guid value) => value.TryWriteBytes(Take(16));

    /// <summary>Units of 100 ns.</summary>
    public void Time(TimeSpan value) => UInt64((ulong)Math.Max(0, value.Ticks));

    public void Count(int count) => UInt32((uint)count);

    public void Optional(uint? value)
    {
        Bool(value is not null);
        if (value is { } present)
            UInt32(present);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Count(bytes.Length);
        _body.Write(bytes);
    }

    public void Words(ReadOnlySpan<ulong> words)
    {
        Count(words.Length);
        if (BitConverter.IsLittleEndian)
        {
            _body.Write(MemoryMarshal.AsBytes(words));
            return;
        }
        foreach (ulong word in words)
            UInt64(word);
    }

    public void Version(NegotiatedVersion version)
    {
        UInt32(version.Version.Value);
        UInt32((uint)version.Features);
    }

    public void Target(MessageTarget target)
    {
        UInt32(target.Vp);
        Byte(target.Sint);
        Byte(target.Vtl);
    }

    public void Pages(MonitorPageAddresses pages)
    {
        UInt64(pages.ParentToChild);
        UInt64(pages.ChildToParent);
    }

    public void Pages(MonitorPageAddresses? pages)
    {
        Bool(pages is not null);
        if (pages is { } present)
            Pages(present);
    }

    /// <summary>The whole state, head included.</summary>
    public byte[] ToBytes()
    {
        EndRecord();
        byte[] state = new byte[SavedStateFormat.HeadSize + _body.WrittenCount];
        SavedStateFormat.Magic.CopyTo(state);
        BinaryPrimitives.WriteUInt16LittleEndian(state.AsSpan(SavedStateFormat.VersionOffset), SavedStateFormat.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(state.AsSpan(SavedStateFormat.KindOffset), (ushort)_kind);
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(SavedStateFormat.LengthOffset), (uint)_body.WrittenCount);
        _body.WrittenSpan.CopyTo(state.AsSpan(SavedStateFormat.HeadSize));
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(SavedStateFormat.ChecksumOffset), SavedStateFormat.ChecksumOf(state));
        return state;
    }

    private void EndRecord()
    {
        if (_body.WrittenCount == 0)
            return;
        Span<byte> record = MemoryMarshal.AsMemory(_body.WrittenMemory).Span[_recordAt..];
        BinaryPrimitives.WriteUInt32LittleEndian(record[sizeof(uint)..], (uint)(record.Length - SavedStateFormat.RecordHeadSize));
    }

    private Span<byte> Take(int count)
    {
        Span<byte> span = _body.GetSpan(count)[..count];
        _body.Advance(count);
        return span;
    }
}
