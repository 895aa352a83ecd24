// Moves blocks between a guest's memory and a block device, and says how that failed.

using System.Buffers;
using System.Buffers.Binary;

namespace VmBus.Devices;

/// <summary>The medium of a disk. Calls may run beside each other.</summary>
internal sealed class ScsiBlocks
{
    // Moved at a time: what is read stays in the cache until it is copied on.
    private const int ChunkLength = 128 << 10;

    private readonly IBlockDevice _device;

    /// <summary>Takes a device's size and nature.</summary>
    /// <exception cref="ArgumentException">It has no blocks, or not whole ones.</exception>
    public ScsiBlocks(IBlockDevice device)
    {
        long length = device.Length;
        if (length <= 0 || length % IBlockDevice.BlockSize != 0)
            throw new ArgumentException($"A block device of {length} bytes: it must have one or more whole blocks of {IBlockDevice.BlockSize} bytes.", nameof(device));
        _device = device;
        Count = (ulong)(length / IBlockDevice.BlockSize);
        IsReadOnly = device.IsReadOnly;
        CanUnmap = device.CanUnmap && !IsReadOnly;
    }

    /// <summary>How many there are.</summary>
    public ulong Count { get; }

    /// <summary>Whether none can be written.</summary>
    public bool IsReadOnly { get; }

    /// <summary>Whether they can be given back.</summary>
    public bool CanUnmap { get; }

    /// <summary>Why a range of blocks cannot be, if it cannot.</summary>
    public ScsiSense? Check(ulong lba, ulong count) => lba > Count || count > Count - lba ? ScsiSense.OutOfRange : null;

    public async ValueTask<ScsiOutcome> ReadAsync(ulong lba, uint count, bool forceUnitAccess, IScsiData data)
    {
        if (Check(lba, count) is { } outside)
            return outside;
        long length = (long)count * IBlockDevice.BlockSize;
        if (length != 0 && (!data.IsDataIn || data.Length < length))
            return ScsiSense.InvalidField;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, ChunkLength));
        try
        {
            if (forceUnitAccess && !IsReadOnly)
                await _device.FlushAsync().ConfigureAwait(false);
            for (long at = 0; at < length; at += ChunkLength)
            {
                Memory<byte> chunk = buffer.AsMemory(0, (int)Math.Min(length - at, ChunkLength));
                await _device.ReadAsync((long)lba * IBlockDevice.BlockSize + at, chunk).ConfigureAwait(false);
                if (!data.TryWrite(at, chunk.Span))
                    return ScsiSense.DataPhaseError;
            }
            return new ScsiOutcome(length);
        }
        catch (Exception failure)
        {
            return SenseOf(failure, ScsiSense.ReadError);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public async ValueTask<ScsiOutcome> WriteAsync(ulong lba, uint count, bool forceUnitAccess, IScsiData data)
    {
        if (IsReadOnly)
            return ScsiSense.WriteProtected;
        if (Check(lba, count) is { } outside)
            return outside;
        long length = (long)count * IBlockDevice.BlockSize;
        if (length != 0 && (data.IsDataIn || data.Length < length))
            return ScsiSense.InvalidField;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, ChunkLength));
        try
        {
            for (long at = 0; at < length; at += ChunkLength)
            {
                Memory<byte> chunk = buffer.AsMemory(0, (int)Math.Min(length - at, ChunkLength));
                if (!data.TryRead(at, chunk.Span))
                    return ScsiSense.DataPhaseError;
                await _device.WriteAsync((long)lba * IBlockDevice.BlockSize + at, chunk).ConfigureAwait(false);
            }
            if (forceUnitAccess)
                await _device.FlushAsync().ConfigureAwait(false);
            return new ScsiOutcome(length);
        }
        catch (Exception failure)
        {
            return SenseOf(failure, ScsiSense.WriteError);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public async ValueTask<ScsiOutcome> FlushAsync(ulong lba, ulong count)
    {
        if (Check(lba, count) is { } outside)
            return outside;
        if (IsReadOnly)
            return ScsiOutcome.Good;
        try
        {
            await _device.FlushAsync().ConfigureAwait(false);
            return ScsiOutcome.Good;
        }
        catch (Exception failure)
        {
            return SenseOf(failure, ScsiSense.WriteError);
        }
    }

    // The list: 8 bytes of head, and 16 for each range (SBC-3, 5.28).
    public async ValueTask<ScsiOutcome> UnmapAsync(int listLength, IScsiData data)
    {
        const int HeadLength = 8, DescriptorLength = 16;
        if (IsReadOnly)
            return ScsiSense.WriteProtected;
        if (!CanUnmap)
            return ScsiSense.InvalidOperation;
        if (listLength == 0)
            return ScsiOutcome.Good;
        if (listLength < HeadLength)
            return ScsiSense.ParameterListLength;
        if (data.IsDataIn || data.Length < listLength)
            return ScsiSense.InvalidField;
        // What a guest has room to name, but no more than it was told of.
        int taken = Math.Min(listLength, HeadLength + (ScsiPages.MaxUnmapDescriptors + 1) * DescriptorLength);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(taken);
        try
        {
            if (!data.TryRead(0, buffer.AsSpan(0, taken)))
                return ScsiSense.DataPhaseError;
            int ranges = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(2)), taken - HeadLength) / DescriptorLength;
            if (ranges > ScsiPages.MaxUnmapDescriptors)
                return ScsiSense.InvalidParameter;
            // All or none.
            for (int range = 0; range < ranges; range++)
            {
                (ulong lba, uint count) = Range(buffer, range);
                if (Check(lba, count) is { } outside)
                    return outside;
            }
            for (int range = 0; range < ranges; range++)
            {
                (ulong lba, uint count) = Range(buffer, range);
                if (count != 0)
                    await _device.UnmapAsync((long)lba * IBlockDevice.BlockSize, (long)count * IBlockDevice.BlockSize).ConfigureAwait(false);
            }
            return new ScsiOutcome(listLength);
        }
        catch (Exception failure)
        {
            return SenseOf(failure, ScsiSense.WriteError);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        static (ulong Lba, uint Count) Range(byte[] list, int index)
        {
            ReadOnlySpan<byte> descriptor = list.AsSpan(HeadLength + index * DescriptorLength, DescriptorLength);
            return (BinaryPrimitives.ReadUInt64BigEndian(descriptor), BinaryPrimitives.ReadUInt32BigEndian(descriptor[8..]));
        }
    }

    public async ValueTask<ScsiOutcome> WriteSameAsync(ulong lba, uint blockCount, bool unmap, bool hasData, IScsiData data)
    {
        if (IsReadOnly)
            return ScsiSense.WriteProtected;
        if (unmap && !CanUnmap)
            return ScsiSense.InvalidField;
        if (Check(lba, blockCount) is { } outside)
            return outside;
        // None means all up to the last block.
        ulong count = blockCount == 0 ? Count - lba : blockCount;
        if (hasData && (data.IsDataIn || data.Length < IBlockDevice.BlockSize))
            return ScsiSense.InvalidField;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min((long)Math.Max(count, 1) * IBlockDevice.BlockSize, ChunkLength));
        try
        {
            Memory<byte> block = buffer.AsMemory(0, IBlockDevice.BlockSize);
            block.Span.Clear();
            if (hasData && !data.TryRead(0, block.Span))
                return ScsiSense.DataPhaseError;
            long start = (long)lba * IBlockDevice.BlockSize, length = (long)count * IBlockDevice.BlockSize;
            long moved = hasData ? IBlockDevice.BlockSize : 0;
            if (unmap && !block.Span.ContainsAnyExcept((byte)0))
            {
                if (length != 0)
                    await _device.UnmapAsync(start, length).ConfigureAwait(false);
                return new ScsiOutcome(moved);
            }
            if (count > ScsiPages.MaxWriteSameBlocks)
                return ScsiSense.InvalidField;
            int chunk = (int)Math.Min(length, ChunkLength);
            for (int at = IBlockDevice.BlockSize; at < chunk; at += IBlockDevice.BlockSize)
                block.CopyTo(buffer.AsMemory(at));
            for (long at = 0; at < length; at += chunk)
                await _device.WriteAsync(start + at, buffer.AsMemory(0, (int)Math.Min(length - at, chunk))).ConfigureAwait(false);
            return new ScsiOutcome(moved);
        }
        catch (Exception failure)
        {
            return SenseOf(failure, ScsiSense.WriteError);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ScsiSense SenseOf(Exception failure, ScsiSense medium)
    {
        const int DiskFull = unchecked((int)0x8007_0070), HandleDiskFull = unchecked((int)0x8007_0027);     // Windows
        const int NoSpace = 28, QuotaExceeded = 122;                                                        // Linux
        return failure switch
        {
            IOException { HResult: DiskFull or HandleDiskFull or NoSpace or QuotaExceeded } => ScsiSense.SpaceAllocationFailed,
            IOException => medium,
            UnauthorizedAccessException => ScsiSense.WriteProtected,
            _ => ScsiSense.TargetFailure,
        };
    }
}
