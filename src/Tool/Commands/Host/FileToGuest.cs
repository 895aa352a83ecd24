// A file of the host's on its way into the guest, as Copy-VMFile sends it.

using System.Diagnostics;
using System.Globalization;
using VmBus.Hosting;
using VmBus.Integration;

namespace VmBus.Tool;

/// <summary>Copies files into the guest once something there takes them: <c>vmbus fcopy</c>, or the kernel's daemon.</summary>
internal static class FileToGuest
{
    // As many UTF-16 units as a name of the message has room for.
    private const int MostUnits = 259;

    /// <summary>
    /// The folder of a path, with a slash at its end: the kernel's daemons make the folders that stand before a slash, and no other.
    /// </summary>
    internal static string FolderOf(string path)
    {
        string folder = Path.GetDirectoryName(path) ?? "";
        return folder.Length is 0 or MostUnits || folder.EndsWith('/') ? folder : folder + '/';
    }

    /// <summary>Copies one, over whatever is there.</summary>
    /// <param name="device">The file copy device.</param>
    /// <param name="file">The file here.</param>
    /// <param name="path">Its name in the guest.</param>
    /// <param name="patience">How long to wait for the guest to open the device.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="TimeoutException">Nothing in the guest takes files.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static async Task<string> CopyAsync(
        IntegrationDevice<FileCopyHost> device, string file, string path, TimeSpan patience, CancellationToken cancellationToken)
    {
        IntegrationHostService<FileCopyHost> service = await device.Running.WaitAsync(patience, cancellationToken).ConfigureAwait(false);
        FileStream content = File.OpenRead(file);
        await using (content.ConfigureAwait(false))
        {
            long start = Stopwatch.GetTimestamp();
            var request = new FileCopyRequest(Path.GetFileName(path), FolderOf(path), (ulong)content.Length, IcFileCopyFlags.CreatePath | IcFileCopyFlags.Overwrite);
            FileCopyResult result = await service.Use(host => host.CopyAsync(request, content, null, cancellationToken)).ConfigureAwait(false);
            return string.Create(CultureInfo.InvariantCulture, $"the guest answered {result.Status}, {result.Bytes} bytes in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
        }
    }
}
