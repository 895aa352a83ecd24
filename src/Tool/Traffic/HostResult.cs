// What the host has seen of one cell. Crosses a process boundary when the host is a process of its own.

namespace VmBus.Tool;

/// <summary>The host's half of a cell's result.</summary>
internal sealed class HostResult
{
    /// <summary>Latencies of data messages.</summary>
    public LatencyHistogram Data { get; init; } = new();

    /// <summary>Latencies of urgent messages.</summary>
    public LatencyHistogram Urgent { get; init; } = new();

    /// <summary>Packets read while counting.</summary>
    public long Packets { get; set; }

    /// <summary>Payload bytes of those.</summary>
    public long Bytes { get; set; }

    /// <summary>Signals that woke the host while counting.</summary>
    public long Wakeups { get; set; }

    /// <summary>From the start of counting to the last message.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>CPU time of the host's thread while counting.</summary>
    public TimeSpan Cpu { get; set; }

    /// <summary>CPU time of the host's process while counting.</summary>
    public TimeSpan ProcessCpu { get; set; }

    /// <summary>Writes the result for another process to read.</summary>
    public void WriteTo(BinaryWriter writer)
    {
        Data.WriteTo(writer);
        Urgent.WriteTo(writer);
        writer.Write(Packets);
        writer.Write(Bytes);
        writer.Write(Wakeups);
        writer.Write(Elapsed.Ticks);
        writer.Write(Cpu.Ticks);
        writer.Write(ProcessCpu.Ticks);
    }

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    public static HostResult ReadFrom(BinaryReader reader) => new()
    {
        Data = LatencyHistogram.ReadFrom(reader),
        Urgent = LatencyHistogram.ReadFrom(reader),
        Packets = reader.ReadInt64(),
        Bytes = reader.ReadInt64(),
        Wakeups = reader.ReadInt64(),
        Elapsed = new TimeSpan(reader.ReadInt64()),
        Cpu = new TimeSpan(reader.ReadInt64()),
        ProcessCpu = new TimeSpan(reader.ReadInt64()),
    };
}
