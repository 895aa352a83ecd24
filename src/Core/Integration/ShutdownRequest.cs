namespace VmBus.Integration;

/// <summary>A host's request that the guest shut down; by default, that it power off.</summary>
public sealed record ShutdownRequest
{
    /// <summary>Creates a request that the guest power off.</summary>
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

    /// <summary>Whether the guest shuts down without waiting for programs that do not exit.</summary>
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

    /// <summary>The time limit; zero for no limit. Sent as whole seconds.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>The Windows reason code; by default, that the shutdown was planned.</summary>
    public uint ReasonCode { get; init; } = IcShutdown.PlannedReason;

    /// <summary>Text for the guest's user. Sent as UTF-8, at most 2047 bytes.</summary>
    public string Message { get; init; } = "";

    /// <summary>The first three as they are sent. Unknown flags may be set.</summary>
    internal IcShutdownFlags Flags { get; init; }

    private bool Has(IcShutdownFlags flag) => (Flags & flag) != 0;

    private IcShutdownFlags With(IcShutdownFlags flag, bool value) => value ? Flags | flag : Flags & ~flag;
}
