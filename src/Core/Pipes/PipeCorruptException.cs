namespace VmBus.Pipes;

/// <summary>
/// The other side of a pipe sent invalid data. The pipe is faulted from then on, in both directions:
/// each further call throws the same error.
/// </summary>
public sealed class PipeCorruptException : VmBusException
{
    /// <summary>Makes the error.</summary>
    /// <param name="fault">What was wrong.</param>
    /// <param name="value">The invalid value.</param>
    /// <param name="limit">The limit that the value exceeded.</param>
    /// <param name="position">Bytes of data received before the invalid packet.</param>
    internal PipeCorruptException(PipeFault fault, uint value, uint limit, long position)
        : base(Describe(fault, value, limit, position))
    {
        Fault = fault;
        Value = value;
        Limit = limit;
        Position = position;
    }

    /// <summary>What was wrong.</summary>
    internal PipeFault Fault { get; }

    /// <summary>The invalid value.</summary>
    public uint Value { get; }

    /// <summary>The limit that the value exceeded.</summary>
    public uint Limit { get; }

    /// <summary>Bytes of data received before the invalid packet.</summary>
    public long Position { get; }

    private static string Describe(PipeFault fault, uint value, uint limit, long position) => fault switch
    {
        PipeFault.NotInBand => $"After {position} bytes, the peer sent a packet of type {value}; pipes carry type {limit} only.",
        PipeFault.HeaderTruncated => $"After {position} bytes, the peer sent a packet of {value} bytes; a pipe's header takes {limit}.",
        PipeFault.UnknownType => $"After {position} bytes, the peer sent a pipe packet of type {value}; the highest known is {limit}.",
        PipeFault.PartialFromPeer => $"After {position} bytes, the peer sent a pipe packet of type {value}, marked as partly read, which no peer sends.",
        PipeFault.GpaDirectNotOffered => $"After {position} bytes, the peer sent a pipe packet of type {value}: GPA-direct transfers were not offered.",
        PipeFault.LengthOverLimit => $"After {position} bytes, the peer sent a pipe packet of {value} bytes of data; the limit is {limit}.",
        PipeFault.LengthOverPacket => $"After {position} bytes, the peer sent a pipe packet that claims {value} bytes of data; it has room for {limit}.",
        _ => $"The pipe is corrupt ({fault}, {value}, {limit}) after {position} bytes.",
    };
}
