// The end of a connection that its peer may still be reading from: POLLHUP, which .NET's sockets do not tell from POLLRDHUP.

using System.Net.Sockets;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Tool;

/// <summary>Waits until the other end of a socket is closed, rather than only its writing.</summary>
[SupportedOSPlatform("linux")]
internal static class HangUp
{
    /// <summary>Waits. That takes a thread, unless the other end is closed already.</summary>
    /// <param name="socket">The socket, not disposed before the task has ended.</param>
    /// <param name="cancellationToken">Ends the wait; the task then ends as it does otherwise.</param>
    public static Task WaitAsync(Socket socket, CancellationToken cancellationToken)
    {
        if (Poll.Wait((int)socket.Handle, PollEvents.None, TimeSpan.Zero) != PollEvents.None)
            return Task.CompletedTask;
        return Task.Factory.StartNew(
            () =>
            {
                using EventFd wake = EventFd.Create();
                using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static wake => ((EventFd)wake!).Signal(), wake);
                Poll.Wait([new PollFd((int)socket.Handle, PollEvents.None), new PollFd(wake.Descriptor, PollEvents.In)], Timeout.InfiniteTimeSpan);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
