namespace VmBus.Integration;

/// <summary>A host's wish that the guest shut down.</summary>
/// <param name="Flags">Power off, restart or hibernate; by force or not.</param>
/// <param name="Timeout">How long it may take; zero for no limit. Whole seconds on the wire.</param>
/// <param name="ReasonCode">Windows' reason.</param>
/// <param name="Message">Text for whoever sits there. UTF-8 on the wire, 2047 bytes at most.</param>
public sealed record ShutdownRequest(IcShutdownFlags Flags, TimeSpan Timeout = default, uint ReasonCode = IcShutdown.PlannedReason, string Message = "");
