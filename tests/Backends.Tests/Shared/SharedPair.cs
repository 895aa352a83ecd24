// Both ends of a shared channel in one process, over a socket pair: everything but the second process.

using System.Runtime.Versioning;
using VmBus.InMemory;
using VmBus.Interop;

namespace VmBus.Backends.Tests.Shared;

[SupportedOSPlatform("linux")]
internal sealed class SharedPair : IDisposable
{
    // Without spinning, so that every wait goes through poll(2).
    public static readonly SharedChannelOptions Sleepy = new() { SpinBudget = TimeSpan.Zero };

    public SharedPair(SharedChannelOptions? options = null, PeerTrust trust = PeerTrust.Trusted)
    {
        (UnixFdSocket host, UnixFdSocket guest) = UnixFdSocket.CreatePair();
        Host = SharedHost.Offer(host, options, trust);
        Guest = SharedGuest.Connect(guest, trust);
    }

    public SharedHost Host { get; }

    public SharedGuest Guest { get; }

    public void Dispose()
    {
        Guest.Dispose();
        Host.Dispose();
    }
}
