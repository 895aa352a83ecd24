// Greets the kernel, then takes its messages and gives back answers until told to stop. Mirrors main of hv_kvp_daemon.c and
// hv_vss_daemon.c (Linux tools/hv) over hv_utils_transport.c (drivers/hv).

using System.Runtime.ExceptionServices;
using System.Runtime.Versioning;
using VmBus.Interop;

namespace VmBus.Linux;

/// <summary>A daemon of one of <c>hv_utils</c>'s services: <see cref="KvpDaemon"/>, <see cref="VssDaemon"/>.</summary>
/// <remarks>Only one process at a time can open a service's device. While none has it open, the host's requests fail.</remarks>
[SupportedOSPlatform("linux")]
public abstract class UtilDaemon : IDisposable
{
    private readonly IUtilFile _file;
    private readonly IUtilService _service;
    private readonly string _path;
    private readonly EventFd _wake;
    private readonly Lock _running = new();
    private int _started;
    private int _disposed;
    private long _requests;
    private long _failed;
    private long _late;
    private long _malformed;
    private volatile bool _closed;
    private bool _closesBehind;     // under the lock: disposed from inside a message, whose answer still needs the device

    // Greets the kernel. The file is this object's from the start.
    private protected UtilDaemon(IUtilFile file, IUtilService service, string path)
    {
        _file = file;
        _service = service;
        _path = path;
        try
        {
            _wake = EventFd.Create();
            byte[] greeting = new byte[service.MessageLength];
            service.WriteGreeting(greeting);
            if (file.Write(greeting) is not Errno.None and var error)
            {
                throw new LinuxGuestException(error == Errno.BadDescriptor ? LinuxGuestError.NoDevice : LinuxGuestError.Refused,
                    $"{path} refuses the greeting: kernels before 4.3 do not support it.", new ErrnoException($"write to {path}", error));
            }
        }
        catch
        {
            _wake?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>What was counted. A snapshot.</summary>
    internal UtilDaemonStatistics GetStatistics()
        => new(Volatile.Read(ref _requests), Volatile.Read(ref _failed), Volatile.Read(ref _late), Volatile.Read(ref _malformed));

    /// <summary>Answers requests until the token is cancelled. Call it once; it uses its own thread.</summary>
    /// <param name="cancellationToken">Cancels it with <see cref="OperationCanceledException"/>, between two messages.</param>
    /// <exception cref="PeerDisconnectedException">The device is gone.</exception>
    /// <exception cref="LinuxGuestException">The kernel's answer to the greeting is invalid.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel refused a read or an answer.</exception>
    /// <exception cref="ObjectDisposedException">The daemon is disposed, before or during the call.</exception>
    /// <remarks>
    /// An exception of the store or the freezer also ends it, after the host's request has failed. An
    /// <see cref="IOException"/>, <see cref="UnauthorizedAccessException"/>, <see cref="TimeoutException"/> or
    /// <see cref="System.ComponentModel.Win32Exception"/> of a store of pairs fails only the host's request, and the daemon
    /// continues.
    /// </remarks>
    public Task RunAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (Interlocked.Exchange(ref _started, 1) != 0)
            throw new InvalidOperationException($"The daemon of {_path} is already running, or has run.");

        // The device knows poll(2) only, and services take their time: files are written, volumes frozen.
        return Task.Factory.StartNew(() => Run(cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Ends the daemon and closes the device, after the current message is answered. Another daemon can then open it. Called by
    /// the store or the freezer itself, it returns at once, and the device is closed after the answer.
    /// </summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _closed = true;
        if (_running.IsHeldByCurrentThread)
        {
            _closesBehind = true;
            return;
        }

        _wake.Signal();
        lock (_running)
            CloseDevice();
    }

    private void CloseDevice()
    {
        _wake.Dispose();
        _file.Dispose();
    }

    private void Run(CancellationToken cancellationToken)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            try
            {
                using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static wake => ((EventFd)wake!).Signal(), _wake);
                byte[] message = new byte[_service.MessageLength];
                int greeting = Next(message, cancellationToken);
                if (!_service.TryTakeGreeting(message.AsSpan(0, greeting)))
                    throw new LinuxGuestException(LinuxGuestError.BadContents, $"{_path} answered the greeting with {greeting} bytes that are not a greeting.");
                while (true)
                {
                    if (Next(message, cancellationToken) == message.Length)
                        Serve(message);
                    else
                        Interlocked.Increment(ref _malformed);
                }
            }
            finally
            {
                try
                {
                    _service.Ended();
                }
                finally
                {
                    if (_closesBehind)
                        CloseDevice();
                }
            }
        }
    }

    private int Next(Span<byte> message, CancellationToken cancellationToken)
    {
        Span<PollFd> polled = [new PollFd(_file.Descriptor, PollEvents.In), new PollFd(_wake.Descriptor, PollEvents.In)];
        while (true)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            cancellationToken.ThrowIfCancellationRequested();
            Poll.Wait(polled, Timeout.InfiniteTimeSpan);
            if (polled[1].Returned != PollEvents.None)
                _wake.TryConsume(out _);
            if (polled[0].Returned == PollEvents.None)
                continue;
            Errno error = _file.Read(message, out int length);
            if (error == Errno.None && length > 0)
                return length;

            // Poll spoke of a message that is not there: of a device that is there, the next poll waits again.
            bool isLost = (polled[0].Returned & (PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid)) != 0;
            if (error != Errno.TryAgain || isLost)
                throw Lost("read of", error);
        }
    }

    private void Serve(Span<byte> message)
    {
        Interlocked.Increment(ref _requests);
        ExceptionDispatchInfo? thrown = null;
        try
        {
            if (!_service.Answer(message))
                Interlocked.Increment(ref _failed);
        }
        catch (Exception error)
        {
            // The host is told at once, and then the caller of RunAsync, unless the next message may fare better.
            thrown = _service.Outlives(error) ? null : ExceptionDispatchInfo.Capture(error);
            Interlocked.Increment(ref _failed);
            _service.Fail(message);
        }

        Errno written = _file.Write(message);
        if (written == Errno.InvalidArgument)
        {
            // Its time was up, or the guest slept meanwhile (hv_kvp_pre_suspend, hv_vss_pre_suspend): the kernel goes on.
            Interlocked.Increment(ref _late);
            _service.AnswerWasLate();
        }

        thrown?.Throw();
        if (written is not (Errno.None or Errno.InvalidArgument))
            throw Lost("write to", written);
    }

    private Exception Lost(string call, Errno error) => error is Errno.None or Errno.BadDescriptor or Errno.NoSuchDevice or Errno.InputOutput or Errno.TryAgain
        ? new PeerDisconnectedException($"{_path} is gone: hv_utils was unloaded, or the host has rescinded the service (errno {(int)error}).")
        : new ErrnoException($"{call} {_path}", error);
}
