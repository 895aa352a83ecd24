namespace VmBus.Integration;

/// <summary>A host's request that the guest shut down: by default, that it powers off.</summary>
public sealed record ShutdownRequest
{
    /// <summary>Makes a request that the guest powers off.</summary>
    public ShutdownRequest()
    {
    }

    internal ShutdownRequest(IcShutdownFlags flags, TimeSpan timeout = default, uint reasonCode = IcShutdown.PlannedReason, string message = "")
    {
        Flags = flags;
        Timeout = timeout;
        ReasonCode = reasonCode;
        Message = message;
    }

    /// <summary>Whether the guest shuts down without waiting for programs that do not end.</summary>
    public bool Force
    {
        get => Has(IcShutdownFlags.Force);
        init => Flags = With(IcShutdownFlags.Force, value);
    }

    /// <summary>Whether the guest restarts.</summary>
    public bool Restart
    {
        get => Has(IcShutdownFlags.Restart);
        init => Flags = With(IcShutdownFlags.Restart, value);
    }

    /// <summary>Whether the guest hibernates.</summary>
    public bool Hibernate
    {
        get => Has(IcShutdownFlags.Hibernate);
        init => Flags = With(IcShutdownFlags.Hibernate, value);
    }

    /// <summary>How long it may take; zero for no limit. Whole seconds on the wire.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>The reason, as Windows numbers them; by default, that it was planned.</summary>
    public uint ReasonCode { get; init; } = IcShutdown.PlannedReason;

    /// <summary>Text for the user there. UTF-8 on the wire, 2047 bytes at most.</summary>
    public string Message { get; init; } = "";

    /// <summary>The first three as they are sent. Unknown flags may be set.</summary>
    internal IcShutdownFlags Flags { get; init; }

    private bool Has(IcShutdownFlags flag) => (Flags & flag) != 0;

    private IcShutdownFlags With(IcShutdownFlags flag, bool value) => value ? Flags | flag : Flags & ~flag;
}
