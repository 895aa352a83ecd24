namespace VmBus.Tool;

/// <summary>What <c>vmbus trace</c> is asked for.</summary>
internal sealed record TraceOptions
{
    /// <summary>The recording, or <see cref="ConversationFile.Standard"/>.</summary>
    public required string File { get; init; }

    /// <summary>Whether every field is printed.</summary>
    public bool Verbose { get; init; }

    /// <summary>Whether JSON is written, an object a line, instead of text.</summary>
    public bool Json { get; init; }

    /// <summary>Whether to wait for more at the end of the file.</summary>
    public bool Follow { get; init; }

    /// <summary>Checks what cannot be asked for together.</summary>
    /// <exception cref="UsageException">It cannot.</exception>
    public void Validate()
    {
        if (Follow && File == ConversationFile.Standard)
            throw new UsageException("--follow is for files; standard input is read until it ends anyway");
    }
}
