namespace VmBus.Tool;

/// <summary>What one run of <c>vmbus copy</c> was asked to do. Validated by <see cref="Validate"/>.</summary>
internal sealed record CopyOptions
{
    /// <summary>The name that stands for standard input or standard output.</summary>
    public const string Standard = "-";

    /// <summary>The file to read, or <see cref="Standard"/> for standard input.</summary>
    public required string Input { get; init; }

    /// <summary>The file to write, or <see cref="Standard"/> for standard output.</summary>
    public required string Output { get; init; }

    /// <summary>The modes to copy in, one copy each, in order.</summary>
    public IReadOnlyList<SignalMode> Modes { get; init; } = [SignalMode.Monitored, SignalMode.LowLatency];

    /// <summary>The payload bytes of each packet.</summary>
    public int MessageSize { get; init; } = 16 * 1024;

    /// <summary>The data bytes of each ring, a multiple of 4096.</summary>
    public int RingSize { get; init; } = 1024 * 1024;

    /// <summary>1: guest and host in this process. 2: the host in a process of its own.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>One JSON document instead of text.</summary>
    public bool Json { get; init; }

    /// <summary>Checks what the types cannot.</summary>
    /// <exception cref="UsageException">The first thing that is wrong.</exception>
    public void Validate()
    {
        int packet = 16 + (MessageSize + 7) / 8 * 8 + 8;
        if (packet >= RingSize)
            throw new UsageException($"--size {MessageSize}: a message of {Units.BinarySize(MessageSize)} does not fit a ring of {Units.BinarySize(RingSize)} (see --ring)");
        if (Input == Standard && Modes.Count > 1)
            throw new UsageException("standard input can be read only once: choose one --mode (monitored, low-latency or adaptive)");
        if (Output == Standard && Modes.Count > 1)
            throw new UsageException("standard output would get the data twice: choose one --mode (monitored, low-latency or adaptive)");
        if (Output == Standard && Json)
            throw new UsageException("--json needs standard output for itself: copy to a file");
        if (Input != Standard && Output != Standard && Path.GetFullPath(Input) == Path.GetFullPath(Output))
            throw new UsageException($"'{Input}' and '{Output}' are the same file");
    }
}
