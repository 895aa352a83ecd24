// The guest's side of shutdown. Mirrors shutdown_onchannelcallback (Linux drivers/hv/hv_util.c): the answer goes out first.

using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Integration;

/// <summary>Accepts requests to power off, restart or hibernate, and acts once the answer is sent.</summary>
public sealed class ShutdownGuest : IntegrationGuest
{
    private readonly Action<ShutdownRequest> _act;
    private readonly Func<ShutdownRequest, bool> _accepts;
    private ShutdownRequest? _accepted;

    /// <summary>Creates a component that has not negotiated yet.</summary>
    /// <param name="act">Shuts down. Called by <see cref="AnswerSent"/>.</param>
    /// <param name="accepts">
    /// Whether to accept a request; <see langword="null"/> accepts all except hibernation, as Linux does without hibernation.
    /// </param>
    public ShutdownGuest(Action<ShutdownRequest> act, Func<ShutdownRequest, bool>? accepts = null)
        : base(IcMessageType.Shutdown, IntegrationVersions.Shutdown)
    {
        ArgumentNullException.ThrowIfNull(act);
        _act = act;
        _accepts = accepts ?? (static request => (request.Flags & IcShutdownFlags.Hibernate) == 0);
    }

    /// <inheritdoc/>
    public override void AnswerSent()
    {
        if (_accepted is not { } request)
            return;
        _accepted = null;
        _act(request);
    }

    private protected override IcStatus Respond(Span<byte> body)
    {
        if (body.Length < IcShutdown.Size)
            return Malformed();
        var message = MemoryMarshal.Read<IcShutdown>(body);

        // 0, 2 or 4, each with or without 1: the meaning of the others is not documented.
        IcShutdownFlags kind = message.Flags & ~IcShutdownFlags.Force;
        if (kind is not (IcShutdownFlags.None or IcShutdownFlags.Restart or IcShutdownFlags.Hibernate))
            return Malformed();
        ReadOnlySpan<byte> text = message.DisplayMessage;
        int end = text.IndexOf((byte)0);
        var request = new ShutdownRequest(message.Flags, TimeSpan.FromSeconds(message.TimeoutSeconds), message.ReasonCode,
            Encoding.UTF8.GetString(end < 0 ? text : text[..end]));
        if (!_accepts(request))
            return IcStatus.Fail;
        _accepted = request;
        return IcStatus.Success;
    }
}
