// The host's side of shutdown, as OpenVMM's hyperv_ic (shutdown.rs).

using System.Runtime.InteropServices;
using System.Text;

namespace VmBus.Integration;

/// <summary>Asks a guest to shut down. The answer says whether it will; the end of the guest is seen otherwise.</summary>
public sealed class ShutdownHost : AskingHost<ShutdownRequest, IcStatus>
{
    /// <summary>Makes it, not negotiated yet.</summary>
    /// <param name="clock">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="answerTimeout">How long the answer may take; <see cref="IntegrationHost.DefaultAnswerTimeout"/> by default.</param>
    public ShutdownHost(TimeProvider? clock = null, TimeSpan? answerTimeout = null)
        : base(IcMessageType.Shutdown, IntegrationVersions.Shutdown, clock, answerTimeout)
    {
    }

    private protected override int Write(ShutdownRequest question, Span<byte> body)
    {
        var message = new IcShutdown
        {
            ReasonCode = question.ReasonCode,
            TimeoutSeconds = (uint)Math.Clamp(Math.Ceiling(question.Timeout.TotalSeconds), 0, uint.MaxValue),
            Flags = question.Flags,
        };
        Span<byte> text = message.DisplayMessage;

        // What is too long is cut between two characters; the last byte stays the zero that ends it.
        Encoder encoder = Encoding.UTF8.GetEncoder();
        encoder.Convert(question.Message, text[..^1], flush: false, out _, out _, out _);
        MemoryMarshal.Write(body, in message);
        return IcShutdown.Size;
    }

    private protected override IcStatus Read(ShutdownRequest question, IcStatus status, ReadOnlySpan<byte> body) => status;
}
