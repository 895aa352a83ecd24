namespace VmBus.Tool.Tests.Plots;

/// <summary>Whether a picture can be made is known before the run that it is to show.</summary>
public sealed class PlotFileTests
{
    [Fact]
    public void With_its_libraries_beside_it_a_name_is_all_that_is_checked() => PlotFile.Check(Path.Combine(Path.GetTempPath(), "x.png"));

    // As a native program without them fails: from within a static constructor.
    [Fact]
    public void Without_its_libraries_it_is_said_what_is_missing_and_where()
    {
        var missing = new DllNotFoundException("Unable to load shared library 'libSkiaSharp'\nor one of its dependencies. In order to help, set LD_DEBUG:\n/a/libSkiaSharp.so: cannot open shared object file");
        foreach (Exception error in new Exception[] { missing, new TypeInitializationException("SkiaSharp.SKObject", new TypeInitializationException("SkiaSharp.SkiaApi", missing)) })
        {
            Assert.Equal(
                "--plot draws with SkiaSharp's libraries, which must lie beside this program: Unable to load shared library 'libSkiaSharp' or one of its dependencies.",
                Assert.Throws<ToolException>(() => PlotFile.CheckLibraries(() => throw error)).Message);
        }
    }
}
